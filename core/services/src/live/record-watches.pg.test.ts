import { EventEmitter } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Notifications, type Actor, type Row } from '@opsflux/data'
import { alice, bob, carol, company, manifest, withPermissions } from '@opsflux/data/testing/works'
import { maxWatches, type RecordChange, type WatchAnswer } from '@opsflux/sdk'
import { HookScene, works } from '../outbox/test-scene.ts'
import type { Outbox } from '../outbox/index.ts'
import { RecordWatches, type LiveSocket } from './index.ts'

let scene: HookScene
let outbox: Outbox
let here: RecordWatches
let there: RecordWatches
let elsewhere: Notifications

beforeAll(async () => {
  scene = await HookScene.start()
  outbox = scene.dispatch()
  here = watchesOf(scene.notifications)
  // Another host on the same database.
  elsewhere = await Notifications.start(scene.database.adminUrl)
  there = watchesOf(elsewhere)
})
afterAll(async () => {
  here.stop()
  there.stop()
  await elsewhere.close()
  await scene?.end(outbox)
  await scene?.stop()
})

const watchesOf = (notifications: Notifications): RecordWatches => new RecordWatches({ calls: scene.calls, engine: scene.database.engine, enabledFor: scene.enabledFor, notifications, log: scene.log })

/** A page's end of a socket. */
class Page {
  readonly heard: RecordChange[] = []
  missed = 0
  readonly #socket = new EventEmitter()

  constructor(watches: RecordWatches, actor: () => Actor | undefined) {
    const socket = { connected: true, on: this.#socket.on.bind(this.#socket), emit: (name: string, change: RecordChange) => (name === 'records.missed' ? this.missed++ : this.heard.push(change)) }
    watches.add(socket as unknown as LiveSocket, async () => actor())
  }

  watch(watched: unknown): Promise<WatchAnswer> {
    return new Promise((resolve) => { this.#socket.emit('watch', watched, resolve) })
  }

  send(name: string, ...values: unknown[]): void {
    this.#socket.emit(name, ...values)
  }
}

const entity = { plugin: works, entity: 'asset' }
const create = async (input: Row = {}, actor = alice): Promise<string> => String((await scene.write((db) => db.create('asset', { name: `pump ${Math.random()}`, ...input }), actor))['id'])
/** A change that everybody hears comes after all before it. */
async function until(page: Page): Promise<void> {
  const id = await create({ company, owner: bob.userId })
  await expect.poll(() => page.heard.map((change) => change.id), { timeout: 10_000 }).toContain(id)
}

describe('a page', () => {
  test('hears of each change of what it watches, on whichever host, and nothing of its contents', async () => {
    const pages = [new Page(here, () => alice), new Page(there, () => alice)]
    for (const page of pages) expect(await page.watch(entity)).toEqual({})
    const id = await create()
    await scene.write((db) => db.update('asset', id, { remarks: 'secret' }))
    await scene.write((db) => db.transition('asset', id, 'scrap'))
    await scene.write((db) => db.remove('asset', id))
    await scene.write((db) => db.restore('asset', id))
    for (const page of pages) {
      await expect.poll(() => page.heard.map(({ action, revision }) => [action, revision]), { timeout: 10_000 }).toEqual([['create', 1], ['update', 2], ['transition', 3], ['delete', 4], ['restore', 5]])
      expect(page.heard[0]).toEqual({ plugin: works, entity: 'asset', id, action: 'create', revision: 1, userId: alice.userId })
      page.send('disconnect')
    }
  })

  test('hears only of records its user may see as they are: not of another tenant, another company, another owner, or without the right', async () => {
    const atCompany: Actor = { ...withPermissions(bob), places: [{ companyId: company, departmentIds: [], permissions: [`${works}.view.company`] }] }
    const seers = new Map<string, Actor>([['all', withPermissions(alice, 'view.all')], ['company', atCompany], ['own', withPermissions(bob, 'view.own')], ['tenant', carol]])
    const pages = new Map([...seers].map(([name, actor]) => [name, new Page(here, () => actor)]))
    for (const page of pages.values()) expect(await page.watch(entity)).toEqual({})
    const made = { plain: await create(), company: await create({ company: company.toUpperCase() }), own: await create({ owner: bob.userId }) }
    await scene.write((db) => db.update('asset', made.own, { owner: null }))
    await scene.write((db) => db.update('asset', made.plain, { company }))
    await scene.write((db) => db.remove('asset', made.company))
    const all = pages.get('all')
    if (all) await until(all)
    const names = new Map(Object.entries(made).map(([name, id]) => [id, name]))
    const heard = (name: string) => (pages.get(name)?.heard ?? []).flatMap(({ id, action }) => (names.has(id) ? [`${names.get(id)} ${action}`] : []))
    expect(heard('all')).toEqual(['plain create', 'company create', 'own create', 'own update', 'plain update', 'company delete'])
    expect(heard('company')).toEqual(['company create', 'plain update', 'company delete'])
    expect(heard('own')).toEqual(['own create'])
    expect(heard('tenant')).toEqual([])
    for (const page of pages.values()) page.send('disconnect')
  })

  test('of one record hears of that one', async () => {
    const [id, otherId] = [await create(), await create()]
    const [page, all] = [new Page(here, () => alice), new Page(here, () => alice)]
    await all.watch(entity)
    expect(await page.watch({ ...entity, id: id.toUpperCase() })).toEqual({})
    for (const one of [otherId, id]) await scene.write((db) => db.update('asset', one, { parts: 5 }))
    // That it was made may be told after it is watched.
    const updates = () => page.heard.filter(({ action }) => action === 'update')
    await expect.poll(updates, { timeout: 10_000 }).toMatchObject([{ id }])
    expect(page.heard.map((change) => change.id)).not.toContain(otherId)
    page.send('unwatch', { ...entity, id })
    // Watched after the end of the other: both were asked in order.
    expect(await page.watch({ plugin: works, entity: 'site' })).toEqual({})
    await scene.write((db) => db.update('asset', id, { parts: 6 }))
    await until(all)
    expect(updates()).toHaveLength(1)
    for (const one of [page, all]) one.send('disconnect')
  })

  test('hears nothing more once its user may not see the records, its session has ended, or the module is switched off', async () => {
    let actor: Actor | undefined = withPermissions(bob, 'view.all')
    const [page, all] = [new Page(here, () => actor), new Page(here, () => alice)]
    await Promise.all([page.watch(entity), all.watch(entity)])
    await until(page)
    for (const now of [withPermissions(bob, 'create.all'), undefined]) {
      actor = now
      await until(all)
    }
    expect(page.heard).toHaveLength(1)
    actor = alice
    await until(page)
    for (const one of [page, all]) one.send('disconnect')
  })
})

test('a page is told when its host was out of touch with the others', async () => {
  const page = new Page(there, () => alice)
  await page.watch(entity)
  await scene.database.database.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opsflux-notifications' and datname = current_database()")
  await expect.poll(() => page.missed, { timeout: 10_000 }).toBeGreaterThan(0)
  await expect.poll(() => elsewhere.isConnected, { timeout: 10_000 }).toBe(true)
  await until(page)
  page.send('disconnect')
})

test('a page is told when its host could not find out who may hear of a change', async () => {
  let isDown = false
  const watches = new RecordWatches({ calls: scene.calls, engine: scene.database.engine, enabledFor: () => (isDown ? Promise.reject(new Error('down')) : scene.enabledFor()), notifications: scene.notifications, log: scene.log })
  const page = new Page(watches, () => alice)
  await page.watch(entity)
  await until(page)
  isDown = true
  await create()
  await expect.poll(() => page.missed, { timeout: 10_000 }).toBe(1)
  isDown = false
  await until(page)
  page.send('disconnect')
  watches.stop()
})

describe('a watch', () => {
  test.each<[string, unknown, () => Actor | undefined, string]>([
    ['without the right', entity, () => withPermissions(alice, 'create.all'), 'forbidden'],
    ['of a record the user may not see', undefined, () => withPermissions(bob, 'view.own'), 'not-found'],
    ['of a record of another tenant', undefined, () => carol, 'not-found'],
    ['of no entity', { plugin: works, entity: 'nothing' }, () => alice, 'not-found'],
    ['of no module', { plugin: 'no-module', entity: 'asset' }, () => alice, 'not-found'],
    ['after the session', entity, () => undefined, 'not-signed-in'],
    ['that is nothing', null, () => alice, 'invalid-request'],
    ['with an id that is none', { ...entity, id: '../1' }, () => alice, 'invalid-request'],
    ['with a name that is none', { plugin: works, entity: '__proto__' }, () => alice, 'invalid-request'],
    ['with a plugin that is none', { plugin: ['a'], entity: 'asset' }, () => alice, 'invalid-request'],
  ])('%s is refused', async (_what, watched, actor, code) => {
    const page = new Page(here, actor)
    expect(await page.watch(watched === undefined ? { ...entity, id: await create() } : watched)).toMatchObject({ problem: { code } })
    page.send('disconnect')
  })

  test('of a module that is switched off is refused', async () => {
    scene.disabled.add(works)
    expect(await new Page(here, () => alice).watch(entity)).toMatchObject({ problem: { code: 'module-disabled' } })
    scene.disabled.clear()
  })

  test(`is one of at most ${maxWatches}, and what asks nothing is not answered`, async () => {
    const page = new Page(here, () => alice)
    const id = await create()
    for (let count = 0; count < maxWatches; count++) {
      const entityName = manifest.entities[count % 3]?.name
      const watched = count < 3 ? { plugin: works, entity: entityName } : { ...entity, id: await create() }
      expect(await page.watch(watched)).toEqual({})
    }
    expect(await page.watch({ ...entity, id })).toMatchObject({ problem: { code: 'too-many-requests' } })
    // Again is fine, and so is another once one has ended.
    page.send('unwatch', { plugin: works, entity: 'site' })
    expect(await page.watch({ ...entity, id })).toEqual({})
    page.send('watch', entity)
    page.send('unwatch', 7)
    page.send('disconnect')
  })
})
