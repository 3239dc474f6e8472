import { describe, expectTypeOf, test } from 'vitest'
import { createApi, type Api, type Expanded } from './client/index.ts'
import { answers, defineEntity, definePlugin, field, route, type Comment, type Context, type HistoryEntry, type RecordOf } from './index.ts'

const valve = defineEntity('valve', {
  fields: {
    tag: field.string({ required: true, unique: true }),
    size: field.integer({ required: true, min: 1 }),
    kind: field.enum(['gate', 'ball'], { required: true, default: 'gate' }),
    note: field.text(),
    pump: field.reference('pump'),
  },
  states: { initial: 'open', values: ['open', 'shut'], transitions: { shut: { from: 'open', to: 'shut' }, open: { from: 'shut', to: 'open' } } },
  display: 'tag',
  search: ['tag', 'note'],
})
const pump = defineEntity('pump', { fields: { name: field.string({ required: true }) } })

const plugin = definePlugin({
  id: 'type-test', publisher: 'opsflux', name: 'Types', summary: 'Types', icon: 'box', category: 'test', sdk: '^1.0.0',
  entities: { valve, pump },
  permissions: [],
  hooks: { valve: ['beforeCreate', 'beforeTransition'] },
  routes: {
    totals: route({ method: 'GET', path: '/totals', query: { from: field.date({ required: true }), site: field.string() }, response: answers<{ count: number }>() }),
    ping: route({ method: 'POST', path: '/ping', body: { text: field.string({ required: true }) }, response: answers<{ text: string }>() }),
    all: route({ method: 'GET', path: '/all', response: answers<number>() }),
  },
})
type Server = Context<{ valve: typeof valve; pump: typeof pump }>
type Client = Api<typeof plugin>

/** The callbacks below are compiled and never run: what must not compile is marked, and the compiler refuses a mark without a fault. */
const compiled = (_check: unknown): void => {}

describe('declarations', () => {
  test('B: states, display, search and hooks name only what is declared', () => {
    compiled(() => {
      // @ts-expect-error: there is no field "label"
      defineEntity('a', { fields: { tag: field.string() }, display: 'label' })
      // @ts-expect-error: there is no field "label"
      defineEntity('a', { fields: { tag: field.string() }, search: ['label'] })
      // @ts-expect-error: the initial state is none of the values
      defineEntity('a', { fields: {}, states: { initial: 'opened', values: ['open', 'shut'], transitions: {} } })
      // @ts-expect-error: a transition leads to an unknown state
      defineEntity('a', { fields: {}, states: { initial: 'open', values: ['open', 'shut'], transitions: { shut: { from: 'open', to: 'closed' } } } })
      // @ts-expect-error: the default is none of the values
      field.enum(['a', 'b'], { default: 'c' })
      // @ts-expect-error: a number is no text
      field.string({ default: 1 })
      const base = { id: 'type-test', publisher: 'opsflux', name: 'T', summary: 'T', icon: 'box', category: 'test', sdk: '^1.0.0', permissions: [], entities: { pump } }
      // @ts-expect-error: there is no entity "motor"
      definePlugin({ ...base, hooks: { motor: ['beforeCreate'] } })
      // @ts-expect-error: there is no event "whenCreated"
      definePlugin({ ...base, hooks: { pump: ['whenCreated'] } })
      // @ts-expect-error: there is no field "colour" to watch
      definePlugin({ ...base, hooks: { pump: ['beforeChange.colour'] } })
      // @ts-expect-error: there is no capability "files.read"
      definePlugin({ ...base, capabilities: [{ name: 'files.read', reason: 'x' }] })
      // @ts-expect-error: there is no action "look"
      definePlugin({ ...base, permissions: [{ action: 'look', scope: 'all' }] })
    })
  })
})

describe('the server context', () => {
  const reads = async ({ db, can }: Server): Promise<void> => {
    const [found] = await db.valve.find({ where: { kind: 'gate', size: { gte: 2 } }, sort: ['-createdAt', 'tag'] })
    expectTypeOf(found?.kind).toEqualTypeOf<'gate' | 'ball' | undefined>()
    expectTypeOf(found?.note).toEqualTypeOf<string | null | undefined>()
    expectTypeOf(found?.state).toEqualTypeOf<'open' | 'shut' | undefined>()
    expectTypeOf(found?.revision).toEqualTypeOf<number | undefined>()
    // @ts-expect-error: there is no entity "motor"
    void db.motor
    // @ts-expect-error: there is no field "colour"
    void found?.colour
    // @ts-expect-error: pumps have no states
    void (await db.pump.findOne('id'))?.state
    // @ts-expect-error: there is no field "colour"
    await db.valve.find({ where: { colour: 'red' } })
    // @ts-expect-error: "globe" is none of the values
    await db.valve.find({ where: { kind: 'globe' } })
    // @ts-expect-error: "globe" is none of the values
    await db.valve.count({ kind: { in: ['gate', 'globe'] } })
    // @ts-expect-error: a text is no number
    await db.valve.find({ where: { size: { gte: '2' } } })
    // @ts-expect-error: there is no operator "like"
    await db.valve.find({ where: { tag: { like: 'V%' } } })
    // @ts-expect-error: "contains" is for text only
    await db.valve.find({ where: { size: { contains: '2' } } })
    // @ts-expect-error: "closed" is none of the states
    await db.valve.find({ where: { state: 'closed' } })
    // @ts-expect-error: there is no field "colour" to sort by
    await db.valve.find({ sort: '-colour' })
    // @ts-expect-error: there is no field "colour" to group by
    await db.valve.aggregate({ groupBy: ['colour'] })
    // @ts-expect-error: there is no bucket "decade"
    await db.valve.aggregate({ groupBy: [{ field: 'createdAt', bucket: 'decade' }] })
    // @ts-expect-error: there is no field "colour" to add up
    await db.valve.aggregate({ sum: ['colour'] })
    // @ts-expect-error: there is no capability "files.read"
    can('files.read')
  }

  const writes = async ({ db }: Server): Promise<void> => {
    await db.valve.create({ tag: 'V-1', size: 2 })
    await db.valve.update('id', { note: null })
    // @ts-expect-error: "size" is required
    await db.valve.create({ tag: 'V-1' })
    // @ts-expect-error: a required field may not be null
    await db.valve.create({ tag: null, size: 2 })
    // @ts-expect-error: there is no field "colour"
    await db.valve.create({ tag: 'V-1', size: 2, colour: 'red' })
    // @ts-expect-error: the state changes by transitions only
    await db.valve.create({ tag: 'V-1', size: 2, state: 'shut' })
    // @ts-expect-error: system fields are the host's
    await db.valve.create({ tag: 'V-1', size: 2, tenantId: 'x' })
    // @ts-expect-error: "globe" is none of the values
    await db.valve.update('id', { kind: 'globe' })
    // @ts-expect-error: a required field may not become null
    await db.valve.update('id', { size: null })
    // @ts-expect-error: there is no field "colour"
    await db.valve.update('id', { colour: 'red' })
    // @ts-expect-error: the revision is the host's
    await db.valve.update('id', { revision: 1 })
  }

  test('B: reads take and give declared fields, values, operators and sorts only', () => compiled(reads))
  test('B: writes take all required fields and nothing undeclared', () => compiled(writes))
})

describe('server handlers', () => {
  const routes = { totals: () => ({ count: 1 }), ping: () => ({ text: 'x' }), all: () => 1 }
  const hooks = { valve: { beforeCreate: (input: object) => input, beforeTransition: () => {} } }

  test('B: exactly the declared hooks and routes are given', () => {
    compiled(() => {
      plugin.server({ hooks, routes })
      // @ts-expect-error: the hook beforeTransition is missing
      plugin.server({ routes, hooks: { valve: { beforeCreate: (input) => input } } })
      // @ts-expect-error: the hook beforeDelete is not declared
      plugin.server({ routes, hooks: { valve: { ...hooks.valve, beforeDelete: () => {} } } })
      // @ts-expect-error: no hook of pump is declared
      plugin.server({ routes, hooks: { ...hooks, pump: { beforeCreate: (input: object) => input } } })
      // @ts-expect-error: the route "all" is missing
      plugin.server({ hooks, routes: { totals: routes.totals, ping: routes.ping } })
      // @ts-expect-error: the route "other" is not declared
      plugin.server({ hooks, routes: { ...routes, other: () => 1 } })
      // @ts-expect-error: all handlers are missing
      plugin.server({})
    })
  })

  test('B: handlers get and answer the declared types', () => {
    compiled(() => {
      plugin.server({
        hooks: {
          valve: {
            beforeCreate: (input, context) => {
              expectTypeOf(input.kind).toEqualTypeOf<'gate' | 'ball' | null | undefined>()
              expectTypeOf(context.now).toEqualTypeOf<string>()
              return { ...input, tag: input.tag?.trim() ?? null }
            },
            // @ts-expect-error: there is no field "colour" of a valve
            beforeTransition: ({ record }) => void record.colour,
          },
        },
        routes: {
          totals: ({ query }) => {
            expectTypeOf(query.from).toEqualTypeOf<string>()
            expectTypeOf(query.site).toEqualTypeOf<string | null | undefined>()
            return { count: 1 }
          },
          // @ts-expect-error: "text" must be a text
          ping: ({ body }) => ({ text: body.text.length }),
          // @ts-expect-error: there is no parameter "page"
          all: ({ query }) => query.page,
        },
      })
      // @ts-expect-error: a hook may answer declared values only
      plugin.server({ routes, hooks: { valve: { ...hooks.valve, beforeCreate: () => ({ kind: 'globe' }) } } })
    })
  })
})

describe('the client', () => {
  const calls = async ({ entities, routes }: Client): Promise<void> => {
    const page = await entities.valve.list({ where: { kind: { in: ['gate'] } }, sort: '-size', count: true })
    expectTypeOf(page.data[0]?.kind).toEqualTypeOf<'gate' | 'ball' | undefined>()
    await entities.valve.transition('id', 'shut', 1)
    expectTypeOf(await routes.totals({ query: { from: '2026-01-01' } })).toEqualTypeOf<{ count: number }>()
    expectTypeOf(await routes.all()).toEqualTypeOf<number>()
    // @ts-expect-error: there is no entity "motor"
    void entities.motor
    // @ts-expect-error: there is no field "colour"
    await entities.valve.list({ where: { colour: 'red' } })
    // @ts-expect-error: "globe" is none of the values
    await entities.valve.list({ where: { kind: 'globe' } })
    // @ts-expect-error: there is no operator "like"
    await entities.valve.list({ where: { tag: { like: 'V%' } } })
    // @ts-expect-error: there is no field "colour" to sort by
    await entities.valve.list({ sort: 'colour' })
    // @ts-expect-error: "size" is required
    await entities.valve.create({ tag: 'V-1' })
    // @ts-expect-error: a name belongs to a pump
    await entities.valve.create({ tag: 'V-1', size: 1, name: 'x' })
    // @ts-expect-error: a number is wanted
    await entities.valve.update('id', { size: '1' }, 1)
    // @ts-expect-error: the revision is missing
    await entities.valve.update('id', { size: 1 })
    // @ts-expect-error: there is no transition "close"
    await entities.valve.transition('id', 'close', 1)
    // @ts-expect-error: pumps have no states
    await entities.pump.transition('id', 'open', 1)
    const [part] = (await entities.valve.list({ fields: ['tag'], count: 'estimated', page: 2, deleted: true })).data
    expectTypeOf(part).toEqualTypeOf<{ id: string; revision: number; tag: string } | undefined>()
    const whole = await entities.valve.get('id', { expand: ['pump.createdBy', 'createdBy'] })
    expectTypeOf(whole.pump).toEqualTypeOf<string | Expanded | null>()
    expectTypeOf(whole.createdBy).toEqualTypeOf<string | Expanded>()
    expectTypeOf(whole.updatedBy).toEqualTypeOf<string>()
    expectTypeOf(await entities.valve.get('id')).toExtend<RecordOf<typeof valve>>()
    await entities.valve.bulk({ atomic: false, create: [{ tag: 'V-1', size: 1 }], update: [{ id: 'id', changes: { note: null } }], delete: [{ id: 'id', revision: 2 }] })
    expectTypeOf(await entities.valve.restore('id', 2)).toExtend<RecordOf<typeof valve>>()
    expectTypeOf((await entities.valve.history('id', { limit: 5 })).data).toEqualTypeOf<HistoryEntry[]>()
    expectTypeOf(await entities.valve.comments.create('id', { text: 'x' })).toEqualTypeOf<Comment>()
    // @ts-expect-error: "size" was not asked for
    void part?.size
    // @ts-expect-error: there is no field "colour" to answer
    await entities.valve.list({ fields: ['colour'] })
    // @ts-expect-error: there is no field "colour" to expand
    await entities.valve.list({ expand: ['colour.name'] })
    // @ts-expect-error: a count is true, false or estimated
    await entities.valve.list({ count: 'roughly' })
    // @ts-expect-error: "size" is required
    await entities.valve.bulk({ create: [{ tag: 'V-1' }] })
    // @ts-expect-error: a required field may not become null
    await entities.valve.bulk({ update: [{ id: 'id', changes: { size: null } }] })
    // @ts-expect-error: the revision is missing
    await entities.valve.purge('id')
    // @ts-expect-error: the current revision is missing
    await entities.valve.versions.restore('id', 3)
    // @ts-expect-error: a comment needs its text
    await entities.valve.comments.create('id', {})
    // @ts-expect-error: there is no route "sums"
    await routes.sums()
    // @ts-expect-error: "from" is required
    await routes.totals()
    // @ts-expect-error: "from" is required
    await routes.totals({ query: {} })
    // @ts-expect-error: a text is wanted
    await routes.totals({ query: { from: 1 } })
    // @ts-expect-error: there is no parameter "page"
    await routes.totals({ query: { from: '2026-01-01', page: 1 } })
    // @ts-expect-error: "text" is required
    await routes.ping({ body: {} })
    // @ts-expect-error: the answer has no "total"
    void (await routes.totals({ query: { from: '2026-01-01' } })).total
  }

  test('B: entities and routes are typed by the plugin', () => {
    compiled(calls)
    expectTypeOf(createApi<typeof plugin>('/api/type-test', {})).toEqualTypeOf<Client>()
  })
})
