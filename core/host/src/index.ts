export { readConfig } from './config.ts'
export type { HostConfig } from './config.ts'
export { startHost } from './host.ts'
export type { Host, HostOptions } from './host.ts'
