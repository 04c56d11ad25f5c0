/** Every path of the tree (zk-tree 2), relative to the chroot. Ids are strings, zero padding included. */
export const ROOT = '/nodepool';
export const IMAGES = `${ROOT}/images`;
export const NODES = `${ROOT}/nodes`;
export const REQUESTS = `${ROOT}/requests`;
export const REQUEST_LOCKS = `${ROOT}/requests-lock`;
export const COMPONENTS = `${ROOT}/components`;
/** Ours alone: marks by which launchers decide one after the other. */
export const QUOTA = `${ROOT}/quota`;
export const STATS_ELECTION = `${ROOT}/elections/stats`;

export interface BuildKey {
  readonly image: string;
  readonly build: string;
}
export interface UploadKey extends BuildKey {
  readonly provider: string;
  readonly upload: string;
}

export const imagePath = (image: string) => `${IMAGES}/${image}`;
export const requestBuildPath = (image: string) => `${IMAGES}/${image}/request-build`;
/** Ours: the provider is to be given the newest READY build again. */
export const requestUploadPath = (image: string, provider: string) => `${IMAGES}/${image}/${REQUEST_UPLOAD}${provider}`;
/** What the names of such requests begin with; the provider follows. */
export const REQUEST_UPLOAD = 'request-upload-';
export const pausePath = (image: string) => `${IMAGES}/${image}/pause`;
export const buildsPath = (image: string) => `${IMAGES}/${image}/builds`;
/** Held while the image is being built anywhere. */
export const imageBuildLock = (image: string) => `${buildsPath(image)}/lock`;
export const buildPath = (it: BuildKey) => `${buildsPath(it.image)}/${it.build}`;
/** Held while a build is changed to `deleting`. */
export const buildNumberLock = (it: BuildKey) => `${buildPath(it)}/lock`;
export const buildProvidersPath = (it: BuildKey) => `${buildPath(it)}/providers`;
export const uploadsPath = (it: BuildKey, provider: string) => `${buildProvidersPath(it)}/${provider}/images`;
/** Held while one build is being uploaded to one provider. */
export const imageUploadLock = (it: BuildKey, provider: string) => `${uploadsPath(it, provider)}/lock`;
/** The full upload path is what nodes keep in `image_id`. */
export const uploadPath = (it: UploadKey) => `${uploadsPath(it, it.provider)}/${it.upload}`;
/** Held while one upload record is changed or deleted. */
export const uploadNumberLock = (it: UploadKey) => `${uploadPath(it)}/lock`;
export const nodePath = (node: string) => `${NODES}/${node}`;
export const nodeLock = (node: string) => `${NODES}/${node}/lock`;
export const requestPath = (request: string) => `${REQUESTS}/${request}`;
/** Not below the request: an ephemeral znode cannot have children. */
export const requestLock = (request: string) => `${REQUEST_LOCKS}/${request}`;
/** One name, whatever the scope is called. */
export const markPath = (scope: string) => `${QUOTA}/${encodeURIComponent(scope)}`;
export const componentsPath = (kind: string) => `${COMPONENTS}/${kind}`;
/** Ours (docs/tree-additions.md): what became of the last builds of an image. */
export const BUILD_HISTORY = `${ROOT}/image-history`;
export const buildHistoryPath = (image: string) => `${BUILD_HISTORY}/${image}`;
/** Ours: how far an upload is, as an ephemeral znode. */
export const UPLOAD_PROGRESS = `${ROOT}/image-progress`;
export const uploadProgressPath = (it: UploadKey) =>
  `${UPLOAD_PROGRESS}/${it.image}-${it.build}-${it.provider}-${it.upload}`;
