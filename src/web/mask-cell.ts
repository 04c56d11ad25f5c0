import { RawJson } from '../model/json';
import { redact } from '../runtime/redact';
import type { Cell } from '../views/column';

/** Whether there can be a secret in a text at all; most values need no second look. */
const SUSPICIOUS = /pass|secret|token|credential|authorization|key|cookie/i;

/** A value fit for the web: what stands under a name of a secret is masked. Others keep every digit. */
export function maskCell(value: Cell): Cell {
  if (value instanceof RawJson) {
    if (!SUSPICIOUS.test(value.text)) return value;
    const seen = value.value();
    const masked = redact(seen);
    return JSON.stringify(masked) === JSON.stringify(seen) ? value : RawJson.ofText(JSON.stringify(masked));
  }
  return typeof value === 'object' && value !== null ? (redact(value) as Cell) : value;
}
