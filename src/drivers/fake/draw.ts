import type { Random } from '../../runtime/random';
import type { Distribution } from './options';

/** Milliseconds drawn from a distribution that is written in seconds. */
export function drawMs(distribution: Distribution, random: Random): number {
  return 1000 * drawSeconds(distribution, random);
}

function drawSeconds(distribution: Distribution, random: Random): number {
  if (typeof distribution === 'number') return distribution;
  if ('fixed' in distribution) return distribution.fixed;
  if ('uniform' in distribution) {
    const [low, high] = distribution.uniform;
    return low + (high - low) * random.next();
  }
  const { max = Infinity } = distribution;
  if ('exponential' in distribution) return Math.min(max, -distribution.exponential * Math.log(1 - random.next()));
  const { median, sigma } = distribution.lognormal;
  return Math.min(max, median * Math.exp(sigma * standardNormal(random)));
}

/** Box and Muller. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
