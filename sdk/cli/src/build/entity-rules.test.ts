import { defineEntity, featuresOf, field, type EntityDeclaration, type Fields } from '@opsflux/sdk'
import { expect, it } from 'vitest'
import { entityProblems } from './entity-rules.ts'

function declared(fields: Fields, more: Partial<EntityDeclaration> = {}, name = 'incident'): EntityDeclaration {
  const entity = defineEntity(name, { fields })
  return { ...entity, features: featuresOf(entity), ...more } as EntityDeclaration
}
const hours = field.integer()

it.each<[string, EntityDeclaration[], string, RegExp]>([
  ['a computed field reads what is not there', [declared({ hours, sum: field.computed('integer', 'hours * price') })], '/entities/0/fields/sum/computed', /no column price/],
  ['a computed field reads another', [declared({ hours, twice: field.computed('integer', 'hours * 2'), sum: field.computed('integer', 'twice * 2') })], '/entities/0/fields/sum/computed', /no column twice/],
  ['a computed field asks the clock', [declared({ at: field.computed('datetime', 'now()') })], '/entities/0/fields/at/computed', /function now/],
  ['a check reads other rows', [declared({ hours }, { checks: { few: '(select count(*) from incident) < 5' } })], '/entities/0/checks/few', /sub link is not possible/],
  ['a check bears the name of that of a list', [declared({ level: field.enum(['a']) }, { checks: { level: "level = 'a'" } })], '/entities/0/checks', /the constraint incident_level_check/],
  ['a field is called as what migrations put aside', [declared({ droppedHours: hours })], '/entities/0/fields/droppedHours', /put data aside/],
  ['so is an entity', [declared({ hours }, {}, 'keptIncident')], '/entities/0/name', /put data aside/],
  ['a name is longer than the database keeps', [declared({ ['aB'.repeat(19)]: hours })], `/entities/0/fields/${'aB'.repeat(19)}`, /longer than 50/],
  ['long text is indexed', [declared({ story: field.text({ index: true }) })], '/entities/0/fields/story', /cannot be indexed or unique/],
  ['long text is in a unique set', [declared({ story: field.string({ maxLength: 601 }), hours }, { unique: [['story', 'hours']] })], '/entities/0/fields/story', /cannot be indexed or unique/],
  ['two fields are one column', [declared({ price: field.money(), priceCurrency: field.string() })], '/entities/0/fields/priceCurrency', /price_currency/],
  ['a field is a column of the host', [declared({ custom: hours })], '/entities/0/fields/custom', /the column custom/],
  ['an entity is the link table of another', [declared({ sites: field.manyToMany('site') }), declared({ hours }, {}, 'incidentSites')], '/entities/1', /the table incident_sites/],
])('the build says that %s', async (_what, entities, path, message) => {
  expect(await entityProblems(entities)).toContainEqual({ path, code: 'inconsistent', message: expect.stringMatching(message) })
})

it('nothing is said of what is right, at the edge, or of SDK 1.0', async () => {
  expect(await entityProblems([declared({ hours, story: field.string({ maxLength: 600, unique: true }), long: field.text(), sum: field.computed('integer', 'hours * 2') }, { checks: { positive: 'sum > 0 and revision > 0' } })])).toEqual([])
  const { features: _, ...old } = declared({ story: field.text({ index: true }) })
  expect(await entityProblems([old])).toEqual([])
})
