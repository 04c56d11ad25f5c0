/** Metadata of ours that tells an instance made to try an image from a node; its value is the image's name. */
export const VALIDATES = 'nodepool_validates';
