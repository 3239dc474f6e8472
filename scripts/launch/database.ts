/** The PostgreSQL of an installation. */
export interface Database {
  /** Whether it is about to listen on a port of this machine. */
  readonly needsPort: boolean
  /** Answers with how to call it in the report, once it takes connections. @throws LaunchError */
  open(): Promise<string>
  /** Of a role that may make roles and schemas; holds its password. */
  readonly url: string
  /** In order; one that is being started is waited for first. */
  stop(): Promise<void>
  /** At once. */
  kill(): void
}
