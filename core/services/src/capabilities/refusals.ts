import type pg from 'pg'
import type { Logger } from 'pino'
import type { CapabilityName, Refusal } from '@opsflux/sdk'

/** Who asked for what without being granted it. */
export interface RefusedCall {
  pluginId: string
  tenantId: string
  userId: string
  capability: CapabilityName
  /** What was asked for: a host, a host call. At most 255 characters are kept. */
  detail: string
}

interface Counted extends RefusedCall {
  count: number
  lastAt: Date
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const flushMs = 1_000
const maxDetail = 255
// A module can make up as many hosts as it likes: beyond this many entries an hour the others are counted together.
const maxEntriesOfPlugin = 200
const hourMs = 3_600_000
const othersDetail = '…'
const keptDays = 90

/**
 * Writes down what was refused: one row a plugin, tenant, user, capability, detail and hour, at most one write a second for
 * all of them together. Counting costs the host nothing but memory, and that is bounded.
 */
export class Refusals {
  readonly #admin: pg.Pool
  readonly #log: Logger
  #counted = new Map<string, Counted>()
  readonly #entries = new Map<string, Set<string>>()
  #entriesSince = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(admin: pg.Pool, log: Logger) {
    this.#admin = admin
    this.#log = log
  }

  add(call: RefusedCall): void {
    const known = this.#counted.get(keyOf(call)) ?? this.#open({ ...call, detail: printable(call.detail) })
    known.count += 1
    known.lastAt = new Date()
    this.#timer ??= setTimeout(() => { this.#writing = this.#flush() }, flushMs).unref()
  }

  /** Writes what has been counted; of all tenants, on this host. */
  async flush(): Promise<void> {
    await this.#writing
    await this.#flush()
  }

  /** Of one organisation, newest first, at most 50. */
  async of(pluginId: string, tenantId: string): Promise<Refusal[]> {
    await this.flush()
    const { rows } = await this.#admin.query<{ capability: CapabilityName; detail: string; user: string; count: string; last_at: Date }>(
      `select r.capability, r.detail, coalesce(u.name, r.user_id::text) as user, r.count, r.last_at
       from opsflux.capability_refusal r left join opsflux.user_account u on u.id = r.user_id and u.tenant_id = r.tenant_id
       where r.plugin_id = $1 and r.tenant_id::text = $2 order by r.last_at desc, r.detail limit 50`, [pluginId, tenantId])
    return rows.map(({ capability, detail, user, count, last_at: lastAt }) => ({ capability, detail, user, count: Number(count), lastAt: lastAt.toISOString() }))
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.flush().catch((error: unknown) => this.#log.error({ err: error }, 'refusals not written'))
  }

  #open(call: RefusedCall): Counted {
    const opened = this.#hasPlaceFor(call) ? call : { ...call, detail: othersDetail }
    const counted = this.#counted.get(keyOf(opened)) ?? { ...opened, count: 0, lastAt: new Date() }
    this.#counted.set(keyOf(opened), counted)
    return counted
  }

  /** Remembers the entries of each plugin for an hour. */
  #hasPlaceFor(call: RefusedCall): boolean {
    if (performance.now() - this.#entriesSince > hourMs) {
      this.#entries.clear()
      this.#entriesSince = performance.now()
    }
    const entries = this.#entries.get(call.pluginId) ?? new Set()
    this.#entries.set(call.pluginId, entries)
    if (entries.size >= maxEntriesOfPlugin) return entries.has(keyOf(call))
    entries.add(keyOf(call))
    return true
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counted = [...this.#counted.values()]
    this.#counted = new Map()
    if (counted.length === 0) return
    for (const { pluginId, tenantId, userId, capability, detail, count } of counted) {
      this.#log.warn({ plugin: pluginId, tenant: tenantId, user: userId, capability, detail, count }, 'capability refused')
    }
    // One that is no id at all would take the others along.
    await this.#write(counted.filter(({ tenantId, userId }) => uuid.test(tenantId) && uuid.test(userId))).catch((error: unknown) => this.#log.error({ err: error }, 'refusals not written'))
  }

  async #write(counted: readonly Counted[]): Promise<void> {
    await this.#admin.query(
      `with old as (delete from opsflux.capability_refusal where hour < now() - make_interval(days => $2))
       insert into opsflux.capability_refusal as r (plugin_id, tenant_id, user_id, capability, detail, hour, count, last_at)
       select n."pluginId", n."tenantId", n."userId", n.capability, n.detail, date_trunc('hour', max(n."lastAt"), 'UTC'), sum(n.count), max(n."lastAt")
       from jsonb_to_recordset($1) as n ("pluginId" text, "tenantId" uuid, "userId" uuid, capability text, detail text, count bigint, "lastAt" timestamptz)
       group by 1, 2, 3, 4, 5
       on conflict (plugin_id, tenant_id, user_id, capability, detail, hour) do update
         set count = r.count + excluded.count, last_at = greatest(r.last_at, excluded.last_at)`, [JSON.stringify(counted), keptDays])
  }
}

const keyOf = ({ pluginId, tenantId, userId, capability, detail }: RefusedCall): string => [pluginId, tenantId, userId, capability, detail].join('\n')

/** One line, no control characters: PostgreSQL refuses NUL, and a log line stays one. */
const printable = (text: string): string => text.slice(0, maxDetail).replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '\ufffd')
