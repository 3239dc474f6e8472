import type { PluginManifest } from '@opsflux/sdk'
import { hookChains, hookProblem } from '../hooks/index.ts'
import { impossible } from './plan-parts.ts'

/**
 * What a release hooks of others is there and lets it, what others hook of it is still there and lets them, and none wait for each other.
 * @param installed those beside it
 * @throws plan-impossible
 */
export function assertHooksFit(manifest: PluginManifest, installed: readonly PluginManifest[]): void {
  const others = installed.filter(({ id }) => id !== manifest.id)
  for (const other of others) {
    const asked = hookProblem(other, manifest)
    if (asked) throw impossible(`${manifest.name} ${manifest.version} hooks what it cannot: ${asked}. Ask the publishers of both for releases that fit.`)
    const lost = hookProblem(manifest, other)
    if (lost) throw impossible(`${other.name} hooks the records of ${manifest.name}, and ${manifest.version} does not fit: ${lost}. Update or uninstall ${other.name} first.`)
  }
  const all = [manifest, ...others]
  for (const owner of all) hookChains(owner, all, (event, cycle) => { if (cycle.includes(manifest.id)) throw impossible(inCircle(owner, event, cycle)) })
}

function inCircle(owner: PluginManifest, event: string, cycle: readonly string[]): string {
  const waits = cycle.map((id, at) => `${id} runs after ${cycle[(at + 1) % cycle.length] ?? id}`)
  return `The hooks of ${event} in ${owner.name} wait for each other: ${waits.join(', ')}. Ask their publishers for another order, or uninstall one of them.`
}
