import { ANY_PROVIDER, IMAGE, LIST_OPTIONS } from './options';
import type { ArgumentSpec, CommandSpec } from './spec';

/** The old order: the provider may be left out, though it stands first. */
const UPLOAD_ARGS: readonly ArgumentSpec[] = [
  {
    name: 'provider',
    help: 'provider name (`all`, the default, for uploading to all providers)',
    completes: 'provider',
  },
  { ...IMAGE, optional: true },
];
const NO_WAIT = { flags: '--no-wait', help: 'return once it was asked for' };
const WAITS =
  'Waits until it is done, as the releases that had the command did, so that scripts of then go on with an image that is ' +
  'there; the exit status is 1 if it fails. --no-wait only asks. Interrupted, it leaves the daemons at work.';

/** Commands about images, their builds and uploads. */
export const IMAGE_SPECS: readonly CommandSpec[] = [
  { name: 'image-list', summary: 'list images from providers', options: LIST_OPTIONS },
  { name: 'dib-image-list', summary: 'list images built with diskimage-builder', options: LIST_OPTIONS },
  {
    name: 'image-status',
    summary: 'list image status',
    options: [
      { flags: '--detail', help: 'also what failed: when it is tried next, how often and why it failed' },
      ...LIST_OPTIONS,
    ],
  },
  {
    name: 'image-build',
    summary: 'build image using diskimage-builder',
    args: [IMAGE],
    options: [{ flags: '--wait', help: 'show the build and its uploads until they are done; status 1 if one fails' }],
  },
  {
    name: 'image-log',
    summary: 'show the log of an image build, from whichever builder has it',
    args: [{ name: 'build', help: 'build id, or image name for its last build', completes: 'build' }],
    options: [{ flags: '-f, --follow', help: 'follow it until the build ends; status 1 if it fails' }],
  },
  {
    name: 'image-history',
    summary: 'list what became of the builds of an image',
    args: [IMAGE],
    options: LIST_OPTIONS,
  },
  {
    name: 'image-upload',
    summary: 'upload the latest build of an image again, now',
    usage: '[options] [provider] <image>',
    args: UPLOAD_ARGS,
    options: [NO_WAIT],
    details: [WAITS],
  },
  {
    name: 'image-update',
    summary: 'rebuild the image and upload to provider',
    usage: '[options] [provider] <image>',
    args: UPLOAD_ARGS,
    options: [NO_WAIT],
    details: [WAITS],
  },
  {
    name: 'image-delete',
    summary: 'delete an image',
    usage: '[options] [id]',
    args: [
      {
        name: 'id',
        help: 'id or name of the image at the provider, as image-list shows it; in place of the four options',
        optional: true,
      },
    ],
    options: [
      { flags: '--provider <PROVIDER>', help: 'provider name', completes: 'provider' },
      { flags: '--image <IMAGE>', help: 'image name', completes: 'image' },
      { flags: '--upload-id <UPLOAD_ID>', help: 'image upload id' },
      { flags: '--build-id <BUILD_ID>', help: 'image build id', completes: 'build' },
      { flags: '--force', help: 'accepted for old scripts: what fails at the cloud is tried again anyway' },
    ],
    examples: [['nodepool image-delete deb-1795227977 --provider fake-east', 'the image of that name at one provider']],
  },
  {
    name: 'dib-image-delete',
    summary: 'Delete a dib built image from disk along with all cloud uploads of this image',
    args: [{ name: 'id', help: 'dib image id', completes: 'build' }],
  },
  { name: 'image-pause', summary: 'pause an image', args: [IMAGE] },
  { name: 'image-unpause', summary: 'unpause an image', args: [IMAGE] },
  {
    name: 'alien-image-list',
    summary: 'list images not accounted for by nodepool',
    args: [ANY_PROVIDER],
    options: LIST_OPTIONS,
    details: [
      'Images at the providers that were uploaded by a builder and that no READY upload knows. One that is being uploaded ' +
        'shows for that time. A provider that cannot be asked is named on standard error and left out.',
    ],
  },
  {
    name: 'export-image-data',
    summary: 'Export image data from ZooKeeper',
    args: [{ name: 'path', help: 'Export file path', completes: 'file' }],
  },
  {
    name: 'import-image-data',
    summary: 'Import image data to ZooKeeper',
    args: [{ name: 'path', help: 'Import file path', completes: 'file' }],
  },
];
