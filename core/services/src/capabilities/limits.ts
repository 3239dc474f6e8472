import { limitTable, OpsFluxError, type FieldError, type Json, type LimitName, type ModuleLimit, type PluginLimits } from '@opsflux/sdk'

/** `null` gives a figure back. */
export type LimitChanges = Partial<Record<LimitName, number | null>>
export type Ceilings = PluginLimits

export const limitNames = Object.keys(limitTable) as LimitName[]

export const defaultCeilings = (): Ceilings => figures((name) => limitTable[name].ceiling)

export function figures(value: (name: LimitName) => number): PluginLimits {
  return Object.fromEntries(limitNames.map((name) => [name, value(name)])) as PluginLimits
}

/** What binds a plugin: the least of ceiling and (chosen, else asked for, else default), never below what a plugin needs to run. */
export function moduleLimits(asked: Partial<PluginLimits>, chosen: Partial<PluginLimits>, ceilings: Ceilings): ModuleLimit[] {
  return limitNames.map((name) => {
    const wanted = chosen[name] ?? asked[name] ?? limitTable[name].default
    return {
      name, value: Math.max(limitTable[name].least, Math.min(ceilings[name], wanted)), default: limitTable[name].default, ceiling: ceilings[name],
      ...(asked[name] === undefined ? {} : { asked: asked[name] }), ...(chosen[name] === undefined ? {} : { chosen: chosen[name] }),
    }
  })
}

/**
 * The figures after a change.
 * @throws validation-failed naming those that are no whole number within `least` of the limit table and `mostOf`
 */
export function changedFigures(before: Partial<PluginLimits>, changes: LimitChanges, mostOf: (name: LimitName) => number): Partial<PluginLimits> {
  const errors = limitNames.flatMap((name): FieldError[] => {
    const [value, least, most] = [changes[name], limitTable[name].least, mostOf(name)]
    if (value === undefined || value === null || (Number.isInteger(value) && value >= least && value <= most)) return []
    return [{ path: `/${name}`, code: 'out-of-range', message: `${name} must be a whole number from ${least} to ${most}.` }]
  })
  if (errors.length > 0) throw new OpsFluxError('validation-failed', errors.map(({ message }) => message).join(' '), { data: { errors: errors as unknown as Json } })
  return Object.fromEntries(limitNames.flatMap((name) => {
    const value = changes[name] === undefined ? before[name] : changes[name]
    return value === undefined || value === null ? [] : [[name, value]]
  }))
}
