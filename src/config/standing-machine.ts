import type { Json } from '../model/json';

/** A machine that is there already and is handed out, not launched (drivers.md 7.1); defaults filled in. */
export interface StandingMachine {
  /** Identity within the provider, see `machineKey`. */
  readonly key: string;
  readonly pool: string;
  /** Host name or address. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly username: string;
  readonly connectionType: string;
  readonly connectionPort: number;
  readonly pythonPath: string;
  readonly shellType: string | null;
  /** Nodes that it is handed out as at a time; they are numbered from 0. */
  readonly slots: number;
  /** What its nodes carry for the scheduler. */
  readonly attributes: Readonly<Record<string, Json>> | null;
  /** Keys that it has to show, `<type> <base64>`; none: any will do. */
  readonly hostKeys: readonly string[];
  /** False: it is never contacted. */
  readonly isChecked: boolean;
  /** How long it is tried to be reached. */
  readonly timeoutMs: number;
}

/** What was found out about a machine when it was looked at. */
export interface MachineFacts {
  readonly hostKeys: readonly string[];
  /** The first address of its name; one of the two. */
  readonly publicIpv4: string | null;
  readonly publicIpv6: string | null;
}

/** A machine is the same as long as name, user and port are. The port is whatever a node record may carry. */
export function machineKey(name: string | null, username: string | null, port: Json): string {
  return JSON.stringify([name, username, port]);
}
