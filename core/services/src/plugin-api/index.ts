export { hooksOf, pluginApi } from './plugin-api.ts'
export type { PluginApiParts } from './plugin-api.ts'
