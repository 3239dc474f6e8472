import type { ModuleSummary } from '@opsflux/sdk'
import type { Tone } from '@opsflux/ui'

/** The badge of a module: what most matters about it now. */
export function badgeOf(module: ModuleSummary): { tone: Tone; key: string; icon: string; values?: Record<string, string> } | undefined {
  if (!module.installed) return module.keptData ? { tone: 'neutral', key: 'modules.state.kept', icon: 'database' } : undefined
  if (module.installed.state === 'failed') return { tone: 'danger', key: 'modules.state.failed', icon: 'circle-x' }
  if (module.installed.state === 'stopped') return { tone: 'danger', key: 'modules.state.stopped', icon: 'circle-x' }
  if (module.installed.state === 'blocked') return { tone: 'danger', key: 'modules.state.blocked', icon: 'shield-alert' }
  if (module.installed.state === 'disabled') return { tone: 'neutral', key: 'modules.state.disabled', icon: 'power' }
  if (module.update) return { tone: 'info', key: 'modules.state.update', icon: 'arrow-up', values: { version: module.update } }
  return { tone: 'success', key: 'modules.state.installed', icon: 'check' }
}

export const isTroubled = ({ installed }: ModuleSummary): boolean => installed?.state === 'failed' || installed?.state === 'stopped' || installed?.state === 'blocked'

/** Whether a release is older than another; both are dotted numbers. */
export const isOlder = (version: string, than: string): boolean => version.localeCompare(than, 'en', { numeric: true }) < 0
