/** One entry of a list with weights, as in `Accept` and `Accept-Encoding`. */
interface Weighted {
  readonly value: string;
  /** 0 to 1. */
  readonly weight: number;
}

/**
 * The offer that an `Accept` header likes best, ties to the earlier offer; the first one without a header; undefined if
 * none will do. A more exact entry overrules a wildcard, whatever their order (RFC 9110 12.5.1).
 */
export function bestType(accept: string | undefined, offers: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const wanted = weighted(accept);
  let best: { readonly offer: string; readonly weight: number } | undefined;
  for (const offer of offers) {
    const weight = typeWeight(wanted, offer);
    if (weight > (best?.weight ?? 0)) best = { offer, weight };
  }
  return best?.offer;
}

function typeWeight(wanted: readonly Weighted[], offer: string): number {
  for (const range of [offer, `${offer.split('/')[0]}/*`, '*/*']) {
    const weights = wanted.filter((it) => it.value === range).map((it) => it.weight);
    if (weights.length > 0) return Math.max(...weights);
  }
  return 0;
}

/** Whether a client takes gzip: said so, or said that it takes anything. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  const wanted = weighted(acceptEncoding);
  const found =
    wanted.find((it) => it.value === 'gzip' || it.value === 'x-gzip') ?? wanted.find((it) => it.value === '*');
  return found !== undefined && found.weight > 0;
}

function weighted(header: string): readonly Weighted[] {
  return header.split(',').flatMap((entry) => {
    const [value = '', ...parameters] = entry.split(';').map((it) => it.trim().toLowerCase());
    if (value === '') return [];
    const quality = parameters.find((it) => /^q\s*=/.test(it))?.replace(/^q\s*=\s*/, '');
    const weight = quality === undefined ? 1 : Number(quality);
    return [{ value, weight: Number.isFinite(weight) ? Math.min(1, Math.max(0, weight)) : 0 }];
  });
}
