import { OpsFluxError, pluginIdPattern } from '@opsflux/sdk'

/** Schema of a plugin: `hse-reports` → `p_hse_reports`. @throws invalid-request */
export function schemaOf(pluginId: string): string {
  if (!pluginIdPattern.test(pluginId)) throw new OpsFluxError('invalid-request', `"${pluginId}" is not an id of a module.`)
  return `p_${pluginId.replaceAll('-', '_')}`
}
