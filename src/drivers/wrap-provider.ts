import type { Provider, ProviderImages } from './driver';

/** The calls of a provider by name, as metrics and logs say them. */
export type CallName =
  | 'launch'
  | 'settled'
  | 'destroy'
  | 'list'
  | 'quota'
  | 'need'
  | 'zones'
  | 'consoleLog'
  | 'cleanLeaks'
  | 'listLeaks'
  | 'uploadImage'
  | 'removeImage'
  | 'listImages'
  | 'cloudImageReady';

/** What is done around each call. `work` may be run any number of times. */
export type Around = <T>(call: CallName, work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** A provider whose every call goes through `around`. It has the optional parts that the inner one has. */
export function wrapProvider(inner: Provider, around: Around, onClose: () => void = () => undefined): Provider {
  const { consoleLog, cleanLeaks, listLeaks, images, standing } = inner;
  return {
    name: inner.name,
    launch: (spec, signal) => around('launch', () => inner.launch(spec, signal), signal),
    settled: (id, signal) => around('settled', () => inner.settled(id, signal), signal),
    destroy: (id, signal) => around('destroy', () => inner.destroy(id, signal), signal),
    list: (signal) => around('list', () => inner.list(signal), signal),
    quota: (signal) => around('quota', () => inner.quota(signal), signal),
    need: (label, signal) => around('need', () => inner.need(label, signal), signal),
    zones: (signal) => around('zones', () => inner.zones(signal), signal),
    ...(consoleLog && {
      consoleLog: (id, signal) => around('consoleLog', () => consoleLog.call(inner, id, signal), signal),
    }),
    ...(cleanLeaks && {
      cleanLeaks: (signal) => around('cleanLeaks', () => cleanLeaks.call(inner, signal), signal),
    }),
    ...(listLeaks && {
      listLeaks: (signal) => around('listLeaks', () => listLeaks.call(inner, signal), signal),
    }),
    ...(images && { images: wrapImages(images, around) }),
    ...(standing && { standing }), // calls no cloud, and who asks has a rhythm of its own
    close: () => {
      onClose();
      return inner.close();
    },
  };
}

function wrapImages(inner: ProviderImages, around: Around): ProviderImages {
  return {
    upload: (spec, progress, signal) => around('uploadImage', () => inner.upload(spec, progress, signal), signal),
    remove: (id, signal) => around('removeImage', () => inner.remove(id, signal), signal),
    list: (signal) => around('listImages', () => inner.list(signal), signal),
    cloudImageReady: (name, signal) => around('cloudImageReady', () => inner.cloudImageReady(name, signal), signal),
  };
}
