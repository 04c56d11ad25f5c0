import type { Json } from './json';

/** How far a running upload is. */
export interface UploadProgress {
  /** `validating`: the bytes are there, a node made from the image is being checked. */
  readonly stage: 'uploading' | 'validating';
  readonly bytesDone: number;
  /** 0 while unknown. */
  readonly bytesTotal: number;
}

export function printProgress({ stage, bytesDone, bytesTotal }: UploadProgress): Buffer {
  return Buffer.from(JSON.stringify({ stage, bytes_done: bytesDone, bytes_total: bytesTotal }));
}

/** Undefined for anything else than we write. */
export function parseProgress(data: Buffer): UploadProgress | undefined {
  let value: Json;
  try {
    value = JSON.parse(data.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { stage, bytes_done, bytes_total } = value as Readonly<Record<string, Json>>;
  if ((stage !== 'uploading' && stage !== 'validating') || typeof bytes_done !== 'number') return undefined;
  return typeof bytes_total === 'number' ? { stage, bytesDone: bytes_done, bytesTotal: bytes_total } : undefined;
}
