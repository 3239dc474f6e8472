import { describe, expect, test } from 'vitest'
import { defineEntity, field } from '@opsflux/sdk'
import type { EntityDeclaration } from '@opsflux/sdk'
import { hookChains, hookProblem, type HookingManifest } from './hook-chains.ts'

const incident = (hookable?: boolean | string[]): EntityDeclaration => ({ ...defineEntity('incident', { fields: { riskLevel: field.integer() }, ...(hookable === undefined ? {} : { hookable }) }) } as EntityDeclaration)
const owner = (hookable?: boolean | string[]): HookingManifest => ({ id: 'hse', dependencies: {}, entities: [incident(hookable)], hooks: { incident: ['beforeCreate'] } })
const alerts = (parts: Partial<HookingManifest> = {}): HookingManifest => ({ id: 'alerts', dependencies: { hse: '^1.0.0' }, entities: [], hooks: { 'hse/incident': ['beforeCreate', 'afterChange.riskLevel'] }, ...parts })

describe('hooks on another plugin\'s entity', () => {
  test('take part where the entity lets them, all or those it names', () => {
    for (const hookable of [true, ['alerts']]) {
      expect([...hookChains(owner(hookable), [owner(hookable), alerts()])]).toEqual([['incident.beforeCreate', ['hse', 'alerts']], ['incident.afterChange.riskLevel', ['alerts']]])
      expect(hookProblem(owner(hookable), alerts())).toBeUndefined()
    }
  })

  test('never take part where it does not, or where they do not depend on its plugin', () => {
    for (const hookable of [undefined, false, [], ['others']]) {
      expect([...hookChains(owner(hookable), [alerts()])]).toEqual([['incident.beforeCreate', ['hse']]])
      expect(hookProblem(owner(hookable), alerts())).toContain('does not let it hook')
    }
    expect([...hookChains(owner(true), [alerts({ dependencies: {} })])]).toEqual([['incident.beforeCreate', ['hse']]])
  })

  test('are told what the entity does not have', () => {
    expect(hookProblem(owner(true), alerts({ hooks: { 'hse/site': ['beforeCreate'] } }))).toContain('no entity "site"')
    expect(hookProblem(owner(true), alerts({ hooks: { 'hse/incident': ['afterTransition'] } }))).toContain('afterTransition')
    expect(hookProblem(owner(true), alerts({ hooks: { 'hse/incident': ['beforeChange.nothing'] } }))).toContain('beforeChange.nothing')
    expect(hookProblem(owner(true), alerts({ hooks: { 'other/incident': ['beforeCreate'], incident: ['beforeCreate'] } }))).toBeUndefined()
  })

  test('that wait for each other are reported with the event', () => {
    const told: unknown[] = []
    const first = alerts({ id: 'first', hookOrder: { after: ['second'] } })
    const second = alerts({ id: 'second', hookOrder: { after: ['first'] } })
    expect(hookChains(owner(true), [second, first], (event, cycle) => told.push([event, cycle])).get('incident.beforeCreate')).toEqual(['hse', 'first', 'second'])
    expect(told).toContainEqual(['incident.beforeCreate', ['first', 'second']])
  })
})
