import type { Resources } from '../model/records';
import { shortage } from './quota';

/** What bounds a tenant: limits of the configuration, what its nodes use by now, the needs of one request. */
export interface TenantQuestion {
  readonly tenant: string | null;
  readonly limits: ReadonlyMap<string, Resources>;
  readonly used: Resources;
  readonly need: Resources;
}

/** The resource of which the tenant would exceed its limit (launcher.md 13); undefined when nothing stands against it. */
export function tenantShortage(question: TenantQuestion): string | undefined {
  if (question.tenant === null) return undefined;
  const limits = question.limits.get(question.tenant);
  return limits === undefined ? undefined : shortage(limits, question.used, question.need);
}
