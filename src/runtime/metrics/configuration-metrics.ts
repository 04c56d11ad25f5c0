import type { MetricDefinition } from './definition';

/** 0 while the files say something that cannot be used, and an older configuration is in force. */
export const CONFIGURATION_OK: MetricDefinition<never> = {
  kind: 'gauge',
  help: '1 if the configuration in the files is in force, 0 if they cannot be used and an older one is',
  labels: [],
  prometheus: { name: 'nodepool_configuration_ok' },
};
