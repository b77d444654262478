/** What is wrong with a configuration, with its place, in the form that editors can jump to. */

export interface ConfigFault {
  /** `stagewatch.yaml:7:5` or the environment variable. */
  readonly place: string;
  /** `stages.0.id`; absent where the whole file is meant. */
  readonly path?: string;
  readonly message: string;
}

/** `stagewatch.yaml:7:5 stages.0.id: expected a stage id like G3_02, got nothing` */
export function renderFault({ place, path, message }: ConfigFault): string {
  return path ? `${place} ${path}: ${message}` : `${place}: ${message}`;
}
