import type { DiskImageConfig } from '../../src/config/types';
import type {
  BuildSnapshot,
  ImageSnapshot,
  ImageSnapshots,
  ImageWish,
  ImageWishes,
  ProviderWish,
  UploadSnapshot,
} from '../../src/decide/image-snapshot';
import type { BuildKey, UploadKey } from '../../src/model/paths';
import type { ImageBuild, ImageUpload } from '../../src/model/records';

/** Builders of what the planners of images look at; each takes only what a case is about. */
export const IMAGE = 'jammy';

/** A build id of 32 hex digits that can be told apart. */
export function buildId(number: number): string {
  return number.toString(16).padStart(32, '0');
}

export function diskImage(change: Partial<DiskImageConfig> = {}): DiskImageConfig {
  return {
    name: IMAGE,
    formats: ['qcow2'],
    keepFormats: [],
    deleteAfterUpload: false,
    elements: ['tiny-node'],
    envVars: {},
    release: '',
    rebuildAge: 86_400,
    buildTimeout: 28_800,
    dibCmd: 'disk-image-create',
    pause: false,
    username: 'zuul',
    pythonPath: 'auto',
    shellType: null,
    metadata: {},
    ...change,
  };
}

export function wish(change: Partial<DiskImageConfig> = {}, formats?: readonly string[]): ImageWish {
  const config = diskImage(change);
  return { config, formats: new Set(formats ?? config.formats) };
}

export function providerWish(
  name: string,
  images: readonly string[] = [IMAGE],
  change: Partial<ProviderWish> = {},
): ProviderWish {
  const diskImages = new Map(images.map((it) => [it, { name: it, pause: false }]));
  return { name, format: 'qcow2', diskImages, ...change };
}

export function wishes(images: readonly ImageWish[] = [wish()], providers: readonly ProviderWish[] = []): ImageWishes {
  return {
    images: new Map(images.map((it) => [it.config.name, it])),
    providers: new Map(providers.map((it) => [it.name, it])),
  };
}

export function build(
  number: number,
  change: Partial<ImageBuild> = {},
  more: Partial<BuildSnapshot> = {},
): BuildSnapshot {
  const key: BuildKey = more.key ?? { image: IMAGE, build: buildId(number) };
  const record: ImageBuild = {
    state: 'ready',
    stateTime: number,
    builder: 'nb01.example.org',
    builderId: 'id',
    formats: ['qcow2'],
    username: 'zuul',
    pythonPath: 'auto',
    shellType: null,
    ...change,
  };
  const times = { createdAt: record.stateTime, changedAt: record.stateTime };
  return { record, broken: undefined, locked: false, providers: new Map(), ...times, ...more, key };
}

export function upload(
  of: BuildKey,
  provider: string,
  number: number,
  change: Partial<ImageUpload> = {},
): UploadSnapshot {
  const key: UploadKey = { ...of, provider, upload: String(number).padStart(10, '0') };
  const record: ImageUpload = {
    state: 'ready',
    stateTime: number,
    externalId: `cloud-${number}`,
    externalName: 'name',
    format: 'qcow2',
    username: 'zuul',
    pythonPath: 'auto',
    shellType: null,
    ...change,
  };
  return { key, record, broken: undefined, locked: false, createdAt: record.stateTime, changedAt: record.stateTime };
}

/** The build with these uploads; `locked` names providers to which somebody is uploading. */
export function withUploads(
  of: BuildSnapshot,
  uploads: readonly UploadSnapshot[],
  locked: readonly string[] = [],
): BuildSnapshot {
  const names = new Set([...uploads.map((it) => it.key.provider), ...locked]);
  const providers = [...names].map((name): [string, { locked: boolean; uploads: Map<string, UploadSnapshot> }] => {
    const own = uploads.filter((it) => it.key.provider === name);
    return [name, { locked: locked.includes(name), uploads: new Map(own.map((it) => [it.key.upload, it])) }];
  });
  return { ...of, providers: new Map(providers) };
}

export function image(builds: readonly BuildSnapshot[] = [], change: Partial<ImageSnapshot> = {}): ImageSnapshot {
  return {
    image: IMAGE,
    paused: false,
    buildRequestedAt: undefined,
    uploadRequests: new Map(),
    buildLocked: false,
    builds: new Map(builds.map((it) => [it.key.build, it])),
    ...change,
  };
}

export function images(...all: readonly ImageSnapshot[]): ImageSnapshots {
  return new Map(all.map((it) => [it.image, it]));
}
