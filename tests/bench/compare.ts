import autocannon from 'autocannon'

export interface Ratio {
  name: string
  /** Clients at once. */
  connections: number
  /** Floor's requests per second over ours: how many times the cost. Median of the rounds. */
  ratio: number
  /** Median requests per second. */
  ours: number
  floor: number
}

export interface Target {
  path: string
  /** A POST with this body instead of a GET. */
  body?: () => object
  /** Of a floor that asks who calls. */
  cookie?: string
}

const rounds = 5
const seconds = 1

interface Comparison {
  name: string
  hostUrl: string
  floorUrl: string
  cookie: string
  ours: Target
  floor: Target
  /** Default 10. */
  connections?: number
  say: (text: string) => void
}

/** Loads both in alternation, so that what else the machine does falls on both. */
export async function compare({ name, hostUrl, floorUrl, cookie, ours, floor, connections = 10, say }: Comparison): Promise<Ratio> {
  const pairs: { ours: number; floor: number }[] = []
  const loads = { ours: () => load(hostUrl, ours, cookie, connections), floor: () => load(floorUrl, floor, floor.cookie ?? '', connections) }
  await loads.ours()
  await loads.floor()
  for (let round = 0; round < rounds; round++) pairs.push({ floor: await loads.floor(), ours: await loads.ours() })
  const result = {
    name, connections, ratio: Math.round(median(pairs.map((pair) => pair.floor / pair.ours)) * 100) / 100,
    ours: Math.round(median(pairs.map((pair) => pair.ours))), floor: Math.round(median(pairs.map((pair) => pair.floor))),
  }
  say(`${name}, ${connections} at once: ${result.ratio} ×`)
  return result
}

async function load(url: string, target: Target, cookie: string, connections: number): Promise<number> {
  const body = target.body ? JSON.stringify(target.body()) : undefined
  const result = await autocannon({
    url: url + target.path, connections, duration: seconds, method: body ? 'POST' : 'GET',
    headers: { cookie, origin: url, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body } : {}),
  })
  const failures = result.non2xx + result.errors
  if (failures > 0) throw new Error(`${failures} of ${result.requests.total} requests to ${target.path} failed: a ratio over failures means nothing.`)
  return result.requests.average
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
