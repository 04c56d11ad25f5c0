import Transport from 'winston-transport';
import type { Clock } from '../../runtime/clock';
import { LogFile } from '../../runtime/log-file';
import { compileFormatter, type LogRecord } from './format-record';
import type { FileDestination, HandlerPlan } from './log-plan';
import { rotateBySize, rotateByTime } from './rotation';
import { levelFrom } from './severity';
import { openSyslog } from './syslog';

export interface HandlerTools {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly clock: Clock;
  /** Says that a log cannot be written, where it can be seen. */
  readonly complain: (message: string) => void;
}

/** Where records go in the end. */
interface Sink {
  readonly file?: string;
  write(record: LogRecord): void;
  reopen?(): void;
  flush?(): void;
  close?(): void;
}

/** A handler as winston's transport. */
export class RecordTransport extends Transport {
  constructor(
    private readonly sink: Sink,
    level: string | undefined,
  ) {
    super({ level: level ?? 'error', silent: level === undefined });
    this.setMaxListeners(0); // loggers share it
  }

  get file(): string | undefined {
    return this.sink.file;
  }

  override log(info: { readonly record: LogRecord }, next: () => void): void {
    this.sink.write(info.record);
    next();
  }

  reopen(): void {
    this.sink.reopen?.();
  }

  flush(): void {
    this.sink.flush?.();
  }

  override close(): void {
    this.sink.close?.();
  }
}

/** Throws if a file cannot be opened. */
export function openHandler(plan: HandlerPlan, tools: HandlerTools): RecordTransport {
  return new RecordTransport(openSink(plan, tools), levelFrom(plan.level));
}

function openSink(plan: HandlerPlan, tools: HandlerTools): Sink {
  const { to } = plan;
  const format = compileFormatter(plan.formatter);
  switch (to.kind) {
    case 'null':
      return { write: () => undefined };
    case 'stream': {
      const stream = tools[to.stream];
      return { write: (record) => void stream.write(`${format(record)}\n`) };
    }
    case 'syslog': {
      const sink = openSyslog(to, tools.complain);
      return { write: (record) => sink.send(record.level, format(record)), close: () => sink.close() };
    }
    case 'file': {
      const file = openFile(to, tools);
      return {
        file: to.path,
        write: (record) => file.write(format(record)),
        reopen: () => file.reopen(),
        flush: () => file.flush(),
        close: () => file.close(),
      };
    }
  }
}

function openFile({ path, mode, delay, watched, rotation }: FileDestination, tools: HandlerTools): LogFile {
  const rotate =
    rotation === undefined
      ? {}
      : {
          rotation: rotation.by === 'size' ? rotateBySize(rotation) : rotateByTime(rotation, path, tools.clock.wall()),
        };
  return new LogFile(path, { mode, delay, watched, onTrouble: tools.complain, ...rotate });
}
