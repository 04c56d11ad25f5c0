/** A mistake of whoever set a daemon up: its message is shown as it is, without a stack. */
export class DaemonSetupError extends Error {
  override readonly name = 'DaemonSetupError';
}
