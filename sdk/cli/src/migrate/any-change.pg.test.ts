import { planMigration, tablesOf } from '@opsflux/migrations/generate'
import { defineEntity, field, featuresOf, type EntityDeclaration, type Field } from '@opsflux/sdk'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { schemaDrift } from '@opsflux/data'
import { textsOf } from './migration-files.ts'
import { Rehearsal } from './rehearsal.ts'
import { scratchDatabase } from './scratch-database.ts'

const id = 'any-plugin'
const yesOrNo = fc.boolean()
const searched = fc.constantFrom({}, { search: 'A' } as const)
const kinds: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ required: yesOrNo, index: yesOrNo, maxLength: fc.constantFrom(20, 300) }).chain((options) => searched.map((search) => field.string({ ...options, ...search }))),
  fc.record({ required: yesOrNo }).chain((options) => searched.map((search) => field.text({ ...options, ...search }))), fc.record({ required: yesOrNo, index: yesOrNo }).map((options) => field.integer(options)),
  fc.constantFrom([18, 6], [6, 2], [30, 10]).map(([precision = 18, scale = 6]) => field.decimal({ precision, scale })), yesOrNo.map((required) => field.boolean({ required })),
  fc.constantFrom({ required: true, default: '2026-01-01' }, {}).map((options) => field.date(options)), fc.record({ required: yesOrNo, index: yesOrNo }).map((options) => field.datetime(options)),
  fc.constantFrom<[string, ...string[]]>(['low', 'high'], ['low', 'high', 'top'], ['high']).chain((values) => yesOrNo.map((required) => field.enum(values, { required, search: 'C' }))),
  yesOrNo.map((required) => field.money({ required })), yesOrNo.map((required) => field.zonedDatetime({ required })), fc.constant(field.timeRange()), fc.constant(field.geoPoint({ index: true })), fc.constant(field.json()),
  fc.constant(field.encrypted()), fc.constant(field.user({ index: true })), fc.constant(field.sequence('B-{number:3}')), fc.constant(field.duration()),
  fc.constantFrom('restrict', 'setNull', 'cascade').map((onDelete) => field.reference('port', { onDelete })), fc.constant(field.manyToMany('port')), fc.constant(field.computed('integer', 'code * 2', { index: true })),
)
const names = ['order', 'place', 'note', 'startedAt', 'total'] as const

const ship = fc.record({
  fields: fc.dictionary(fc.constantFrom(...names), kinds, { minKeys: 1, maxKeys: 5 }), unique: yesOrNo, isChecked: yesOrNo, hasStates: fc.constantFrom([], ['new', 'old'], ['new', 'sold', 'old']),
  features: fc.record({ softDelete: yesOrNo, customFields: yesOrNo }),
}).map(({ fields, unique, isChecked, hasStates, features }): EntityDeclaration => declared(defineEntity('ship', {
  fields: { ...fields, code: field.integer({ unique }) }, features,
  ...(isChecked ? { checks: { smallCode: 'code is null or code < 9007199254740992' } } : {}),
  ...(hasStates.length === 0 ? {} : { states: { initial: 'new', values: hasStates, transitions: {} } }),
})))
const port = declared(defineEntity('port', { fields: { name: field.string({ required: true, search: 'B' }) } }))
const plugin = fc.record({ ship, hasBoat: yesOrNo }).map((made) => [port, made.ship, ...(made.hasBoat ? [declared(defineEntity('boat', { fields: { ship: field.reference('ship', { required: true, onDelete: 'cascade' }), crew: field.manyToMany('ship') } }))] : [])])

function declared(entity: ReturnType<typeof defineEntity>): EntityDeclaration {
  return JSON.parse(JSON.stringify({ ...entity, features: featuresOf(entity) })) as EntityDeclaration
}

test('whatever the entities were and become, the migration makes the tables of the new ones and its way back those of the old', { timeout: 120_000 }, async () => {
  await using database = await scratchDatabase(inject('postgresUrl'))
  await fc.assert(fc.asyncProperty(plugin, plugin, async (before, after) => {
    const [was, is] = [tablesOf(before), tablesOf(after)]
    const nothing = { renames: [], backfills: new Map<string, string>() }
    const first = textsOf('0001-init', planMigration({ before: { tables: [], aside: [] }, tables: was, release: '1.0.0', afterSteps: true, ...nothing }).script)
    const { script } = planMigration({ before: { tables: was, aside: [] }, tables: is, release: '1.1.0', afterSteps: true, ...nothing })
    await using rehearsal = await Rehearsal.open(database, id)
    try {
      await rehearsal.run([first])
      const second = textsOf('0002-change', script)
      const measured = await rehearsal.measure(second, was, { id, entities: after }, is)
      // What the earlier release did not allow twice may be there twice by now.
      expect(measured.newRecords ?? 'could not create unique index', script.down.join(';\n')).toContain('could not create unique index')
      // What refers to a record in the bin goes with it when there is no bin any more.
      const hadBin = before[1]?.features?.softDelete === true && after[1]?.features?.softDelete === false
      const lost = measured.wayBack.lost.filter((place) => !(hadBin && place.startsWith('boat')))
      expect({ failure: measured.failure, drift: measured.drift, lost, hasWayBack: measured.wayBack.kind !== 'one-way' }, script.up.join(';\n')).toEqual({ failure: undefined, drift: [], lost: [], hasWayBack: true })
      if (measured.newRecords === undefined) expect(await schemaDrift(database, { id, entities: before })).toEqual([])
    } finally {
      await rehearsal.client.query('drop schema p_any_plugin cascade')
    }
  }), { numRuns: Number(process.env['RUNS'] ?? 12) })
})
