import { Session } from 'node:inspector/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A CPU profile of this process that is being taken. */
export interface RunningProfile {
  /** Ends it and writes it; resolves with the file, a `.cpuprofile` as browsers' developer tools open it. */
  stop(): Promise<string>;
}

/** Microseconds between two samples: fine enough for a pass of a millisecond, and a per cent of the time. */
const SAMPLE_US = 500;

/** Begins a profile that will be written to one of `folders`: the first that takes it. */
export async function startProfile(folders: readonly string[], name: string): Promise<RunningProfile> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await session.post('Profiler.start');
  } catch (error) {
    session.disconnect();
    throw error;
  }
  return {
    stop: async () => {
      try {
        const { profile } = await session.post('Profiler.stop');
        return await writeFirst(folders, name, JSON.stringify(profile));
      } finally {
        session.disconnect();
      }
    },
  };
}

async function writeFirst(folders: readonly string[], name: string, text: string): Promise<string> {
  const errors: unknown[] = [];
  for (const folder of folders) {
    const file = join(folder, name);
    try {
      await writeFile(file, text, { mode: 0o600 }); // function names and paths: nothing for everybody
      return file;
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, 'the profile cannot be written');
}
