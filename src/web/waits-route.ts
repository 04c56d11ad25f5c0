import { type ImageWait, waitJson } from '../model/image-waits';
import type { Route } from './answer';
import { JSON_TYPE } from './answers';
import { Rendering } from './rendering';

export const WAITS_PATH = '/api/v1/image-waits';

/** What the builder that is asked is to try again: a list, each with image, provider (null: the build), why and when. */
export function waitsRoute(waits: () => readonly ImageWait[]): Route {
  return {
    path: WAITS_PATH,
    handle: () => {
      const text = `${JSON.stringify(waits().map(waitJson))}\n`;
      return { kind: 'body', status: 200, type: JSON_TYPE, rendering: new Rendering(text, 0), cached: false };
    },
  };
}
