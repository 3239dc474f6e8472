import autocannon from 'autocannon'

export interface Ratio {
  name: string
  /** Floor's requests per second over ours: how many times the cost. Median of the rounds. */
  ratio: number
  /** Median requests per second. */
  ours: number
  floor: number
}

interface Target {
  path: string
  /** A POST with this body instead of a GET. */
  body?: () => object
  /** Of a floor that asks who calls. */
  cookie?: string
}

const rounds = 5
const seconds = 2
const connections = 10

/** Loads both in alternation, so that what else the machine does falls on both. */
export async function compare(name: string, hostUrl: string, floorUrl: string, cookie: string, ours: Target, floor: Target, say: (text: string) => void): Promise<Ratio> {
  const pairs: { ours: number; floor: number }[] = []
  await load(hostUrl, ours, cookie, 1)
  await load(floorUrl, floor, floor.cookie ?? '', 1)
  for (let round = 0; round < rounds; round++) {
    pairs.push({ floor: await load(floorUrl, floor, floor.cookie ?? '', seconds), ours: await load(hostUrl, ours, cookie, seconds) })
  }
  const result = {
    name, ratio: Math.round(median(pairs.map((pair) => pair.floor / pair.ours)) * 100) / 100,
    ours: Math.round(median(pairs.map((pair) => pair.ours))), floor: Math.round(median(pairs.map((pair) => pair.floor))),
  }
  say(`${name}: ${result.ratio} ×`)
  return result
}

async function load(url: string, target: Target, cookie: string, duration: number): Promise<number> {
  const body = target.body ? JSON.stringify(target.body()) : undefined
  const result = await autocannon({
    url: url + target.path, connections, duration, method: body ? 'POST' : 'GET',
    headers: { cookie, origin: url, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body } : {}),
  })
  const failures = result.non2xx + result.errors
  if (failures > 0) throw new Error(`${failures} of ${result.requests.total} requests to ${target.path} failed: a ratio over failures means nothing.`)
  return result.requests.average
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
