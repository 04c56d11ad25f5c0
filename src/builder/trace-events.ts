import type { BuildKey, UploadKey } from '../model/paths';
import { noSpan, type Span, type SpanContext, type Tracing } from '../runtime/tracing/tracing';
import type { BuilderEvent, OnBuilderEvent } from './events';

/** Builds whose uploads are still traced as parts of them. */
const MOST_BUILDS = 200;

/** Traces builds and uploads by what is told of them; the uploads of a build that was made here are parts of its trace. */
export class BuilderTraces {
  readonly #builds = new Map<string, Span>();
  readonly #uploads = new Map<string, { readonly span: Span; part: Span }>();
  readonly #made = new Map<string, SpanContext>();

  constructor(private readonly tracing: Tracing) {}

  readonly onEvent: OnBuilderEvent = (event) => {
    switch (event.kind) {
      case 'build-started':
        return this.#beginBuild(event);
      case 'build-ready':
        return this.#endBuild(event.key, { 'nodepool.formats': event.formats });
      case 'build-failed':
        if (event.key !== undefined) this.#endBuild(event.key, causeOf(event), new Error(event.failure.message));
        return undefined;
      case 'upload-started':
        return this.#beginUpload(event.key);
      case 'upload-validating':
        return this.#beginPart(event.key, 'validate image');
      case 'upload-ready':
        return this.#endUpload(event.key, { 'nodepool.external_id': event.externalId });
      case 'upload-failed':
        return this.#endUpload(event.key, causeOf(event), new Error(event.failure.message));
      default:
        return undefined;
    }
  };

  /** What is still open was stopped. */
  close(): void {
    const stopped = new Error('the builder stops');
    for (const it of this.#builds.values()) it.end(stopped);
    for (const { part, span } of this.#uploads.values()) {
      part.end(stopped);
      span.end(stopped);
    }
    this.#builds.clear();
    this.#uploads.clear();
  }

  #beginBuild({ key, reasons }: Extract<BuilderEvent, { kind: 'build-started' }>): void {
    const attributes = { 'nodepool.image': key.image, 'nodepool.build': key.build, 'nodepool.reasons': reasons };
    const span = this.tracing.begin('build image', { attributes });
    this.#builds.set(buildName(key), span);
    if (span.context === undefined) return;
    this.#made.set(buildName(key), span.context);
    if (this.#made.size > MOST_BUILDS) this.#made.delete(this.#made.keys().next().value!);
  }

  #endBuild(key: BuildKey, attributes: Parameters<Span['set']>[0], error?: Error): void {
    const span = this.#builds.get(buildName(key));
    this.#builds.delete(buildName(key));
    span?.set(attributes);
    span?.end(error);
  }

  #beginUpload(key: UploadKey): void {
    const span = this.tracing.begin('upload image', {
      parent: this.#made.get(buildName(key)),
      attributes: {
        'nodepool.image': key.image,
        'nodepool.build': key.build,
        'nodepool.provider': key.provider,
        'nodepool.upload': key.upload,
      },
    });
    this.#uploads.set(uploadName(key), { span, part: noSpan });
  }

  #beginPart(key: UploadKey, name: string): void {
    const upload = this.#uploads.get(uploadName(key));
    if (upload !== undefined) upload.part = upload.span.child(name);
  }

  #endUpload(key: UploadKey, attributes: Parameters<Span['set']>[0], error?: Error): void {
    const upload = this.#uploads.get(uploadName(key));
    this.#uploads.delete(uploadName(key));
    upload?.part.end(error);
    upload?.span.set(attributes);
    upload?.span.end(error);
  }
}

function causeOf({ failure }: { readonly failure: { readonly cause: string; readonly exitCode?: number } }) {
  return { 'nodepool.cause': failure.cause, 'nodepool.exit_code': failure.exitCode };
}

function buildName({ image, build }: BuildKey): string {
  return `${image}-${build}`;
}

function uploadName(key: UploadKey): string {
  return `${buildName(key)}-${key.provider}-${key.upload}`;
}
