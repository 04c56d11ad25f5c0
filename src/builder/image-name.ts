import type { UploadKey } from '../model/paths';

/**
 * The name of an image in the cloud (builder.md 8.2): `{image_name}`, `{upload_id}` and `{timestamp}` (whole seconds) are
 * filled in, doubled braces are braces. Other fields stay as they are, to be seen.
 */
export function cloudImageName(template: string, key: UploadKey, nowSeconds: number): string {
  const fields: Readonly<Record<string, string>> = {
    image_name: key.image,
    upload_id: key.upload,
    timestamp: String(Math.floor(nowSeconds)),
  };
  return template.replace(/\{\{|\}\}|\{(\w+)\}/g, (found, field: string | undefined) =>
    field === undefined ? found[0]! : (fields[field] ?? found),
  );
}
