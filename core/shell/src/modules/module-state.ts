import type { ModuleSummary } from '@opsflux/sdk'
import type { Tone } from '@opsflux/ui'

/** The badge of a module: what most matters about it now. */
export function badgeOf(module: ModuleSummary): { tone: Tone; key: string; values?: Record<string, string> } | undefined {
  if (!module.installed) return module.keptData ? { tone: 'neutral', key: 'modules.state.kept' } : undefined
  if (module.installed.state === 'failed') return { tone: 'danger', key: 'modules.state.failed' }
  if (module.installed.state === 'stopped') return { tone: 'danger', key: 'modules.state.stopped' }
  if (module.installed.state === 'disabled') return { tone: 'neutral', key: 'modules.state.disabled' }
  if (module.update) return { tone: 'info', key: 'modules.state.update', values: { version: module.update } }
  return { tone: 'success', key: 'modules.state.installed' }
}
