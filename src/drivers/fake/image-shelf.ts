import type { Random } from '../../runtime/random';
import { drawMs } from './draw';
import type { ImageRecord } from './model';
import type { AccountOptions } from './options';
import { badRequest, checked, noSuch, Refusal } from './refusal';
import { createImageBody, imageDataBody } from './requests';
import { type Change, Table } from './tables';

/** An image as replies show it. */
export interface ImageView {
  readonly id: string;
  readonly name: string;
  readonly status: 'queued' | 'active';
  readonly metadata: Readonly<Record<string, string>>;
  readonly size: number;
  readonly sha256: string | null;
}

/** Images of an account: uploads, and those that nobody uploaded. */
export class ImageShelf {
  readonly table: Table<'images'>;

  constructor(
    account: string,
    private readonly options: () => AccountOptions,
    private readonly tools: {
      readonly wall: () => number;
      readonly random: Random;
      readonly tell: (change: Change) => void;
    },
  ) {
    this.table = new Table(account, 'images', tools.tell);
  }

  /** Step one of an upload: the image exists, without data. It fails on demand (drivers.md 6). */
  create(body: unknown): ImageView {
    const { name, format, metadata } = checked(createImageBody, body);
    if (metadata['SHOULD_FAIL']?.toLowerCase() === 'true') throw badRequest('This image has SHOULD_FAIL set to True.');
    const id = this.tools.random.hex(16);
    const row: ImageRecord = {
      id,
      name,
      format,
      metadata,
      status: 'queued',
      size: 0,
      sha256: null,
      createdAt: this.tools.wall(),
      readyAt: null,
    };
    this.table.put(id, row);
    return this.#view(row);
  }

  /** Step two: all data are here. A checksum that differs leaves the image without data. */
  receive(id: string, body: unknown): ImageView {
    const data = checked(imageDataBody, body);
    const row = this.table.get(id);
    if (row === undefined) throw noSuch('image', id);
    if (row.status !== 'queued') throw new Refusal(409, `image ${id} has its data already`);
    const differs = (got: string, wanted: string | undefined) => wanted !== undefined && wanted.toLowerCase() !== got;
    if (differs(data.sha256, data.expected_sha256)) throw badRequest('checksum sha256 of the data does not match');
    if (differs(data.md5, data.expected_md5)) throw badRequest('checksum md5 of the data does not match');
    const readyAt = this.tools.wall() + drawMs(this.options()['image-time'], this.tools.random);
    const full: ImageRecord = { ...row, status: 'active', size: data.size, sha256: data.sha256, readyAt };
    this.table.put(id, full);
    return this.#view(full);
  }

  show(id: string): ImageView {
    const row = this.table.get(id);
    if (row !== undefined) return this.#view(row);
    const given = this.#given().find((it) => it.id === id);
    if (given === undefined) throw noSuch('image', id);
    return given;
  }

  /** When the image can be booted: for whoever waits for it. */
  readyAt(id: string): number | null {
    return this.table.get(id)?.readyAt ?? null;
  }

  list(): ImageView[] {
    return [...this.#given(), ...[...this.table.values()].map((it) => this.#view(it))];
  }

  remove(id: string): void {
    if (!this.table.remove(id)) throw noSuch('image', id);
  }

  /** Whether a server can be booted from it now; a clear refusal if not. */
  requireBootable(id: string): void {
    const image = [...this.list()].find((it) => it.id === id);
    if (image === undefined) throw badRequest(`Can not find requested image ${id}`);
    if (image.status !== 'active') throw badRequest(`Image ${id} is not active`);
  }

  #given(): ImageView[] {
    return this.options().images.map((it) => ({ ...it, status: 'active', metadata: {}, size: 0, sha256: null }));
  }

  #view(row: ImageRecord): ImageView {
    const { id, name, metadata, size, sha256 } = row;
    const ready = row.status === 'active' && row.readyAt !== null && this.tools.wall() >= row.readyAt;
    return { id, name, status: ready ? 'active' : 'queued', metadata, size, sha256 };
  }
}
