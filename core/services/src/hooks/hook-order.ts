/** A plugin that hooks an event, and what it says of its place. */
export interface HookPlace {
  pluginId: string
  after: readonly string[]
  before: readonly string[]
}

export interface HookOrder {
  /** All of them, the first to run first. */
  order: string[]
  /** Those whose words contradict each other, each running after the next. Then all run in the order of who says nothing. */
  cycle?: string[]
}

/**
 * The order of the plugins that hook one event. Without a word the entity's own plugin is first, then they go by id;
 * words about plugins that do not take part have no effect.
 */
export function orderHooks(ownerId: string, places: readonly HookPlace[]): HookOrder {
  const usual = places.map(({ pluginId }) => pluginId).toSorted((a, b) => rank(ownerId, a) - rank(ownerId, b) || (a < b ? -1 : 1))
  const earlier = predecessors(places, new Set(usual))
  // The owner is before everybody who does not ask to be before it, through others or not.
  const beforeOwner = allBefore(ownerId, earlier)
  for (const [pluginId, before] of earlier) if (pluginId !== ownerId && !beforeOwner.has(pluginId) && usual.includes(ownerId)) before.add(ownerId)
  const order: string[] = []
  while (order.length < usual.length) {
    const next = usual.find((id) => !order.includes(id) && [...earlier.get(id) ?? []].every((one) => order.includes(one)))
    if (next === undefined) return { order: usual, cycle: cycleAmong(usual.filter((id) => !order.includes(id)), earlier) }
    order.push(next)
  }
  return { order }
}

const rank = (ownerId: string, id: string): number => (id === ownerId ? 0 : 1)

/** Those that run before each one, by its word or by theirs. */
function predecessors(places: readonly HookPlace[], taking: ReadonlySet<string>): Map<string, Set<string>> {
  const earlier = new Map([...taking].map((id) => [id, new Set<string>()]))
  for (const { pluginId, after, before } of places) {
    for (const id of after) if (taking.has(id)) earlier.get(pluginId)?.add(id)
    for (const id of before) earlier.get(id)?.add(pluginId)
  }
  return earlier
}

function allBefore(id: string, earlier: ReadonlyMap<string, ReadonlySet<string>>, found = new Set<string>()): Set<string> {
  for (const one of earlier.get(id) ?? []) {
    if (found.has(one)) continue
    found.add(one)
    allBefore(one, earlier, found)
  }
  return found
}

/** Each of `left` waits for another of them: following the waits comes back to one that was met. */
function cycleAmong(left: readonly string[], earlier: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const path: string[] = []
  let at = left[0] ?? ''
  while (!path.includes(at)) {
    path.push(at)
    at = [...earlier.get(at) ?? []].find((one) => left.includes(one)) ?? ''
  }
  return path.slice(path.indexOf(at))
}
