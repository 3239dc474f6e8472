import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('the context is frozen, without prototypes, and shows nothing of the bridge', async () => {
  await using scene = new Scene(`look: (_, context) => {
    const parts = { context, db: context.db, incident: context.db.incident, user: context.user, tenant: context.tenant, log: context.log, users: context.users, http: context.http, secrets: context.secrets }
    return Object.entries(parts).map(([name, part]) => [name, Object.isFrozen(part), Object.getPrototypeOf(part), Reflect.ownKeys(part).join(), part.constructor === undefined])
  }`)
  expect(await scene.outcome('look')).toEqual({
    value: [
      ['context', true, null, 'db,user,tenant,now,log,users,http,secrets,can', true],
      ['db', true, null, 'incident', true],
      ['incident', true, null, 'find,findOne,count,aggregate,create,update,delete,transition', true],
      ['user', true, null, 'id,locale', true],
      ['tenant', true, null, 'id', true],
      ['log', true, null, 'info,warn', true],
      ['users', true, null, 'names', true],
      ['http', true, null, 'fetch', true],
      ['secrets', true, null, 'get', true],
    ],
  })
})
