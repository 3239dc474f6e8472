import { describe, expect, test } from 'vitest'
import { defineEntity, field, type EntityDeclaration, type PluginManifest } from '@opsflux/sdk'
import { assertHooksFit } from './hook-fit.ts'

const incident = (hookable: boolean): EntityDeclaration => ({ ...defineEntity('incident', { fields: { title: field.string() } }), hookable }) as EntityDeclaration
const manifest = (id: string, parts: Partial<PluginManifest> = {}): PluginManifest => ({
  formatVersion: 1, id, version: '1.0.0', publisher: 'test', name: id, summary: '', icon: '', category: '', sdk: '^1.1.0', capabilities: [], dependencies: {}, entities: [], permissions: [], menus: [], hooks: {}, routes: [], migrations: [], locales: ['en'], ...parts,
})
const hse = manifest('hse', { entities: [incident(true)] })
const closed = manifest('hse', { version: '2.0.0', entities: [incident(false)] })
const hooking = (id: string, after: string[] = []): PluginManifest => manifest(id, { dependencies: { hse: '^1.0.0' }, hooks: { 'hse/incident': ['beforeCreate'] }, hookOrder: { after } })

describe('a change of a module that hooks others, or is hooked', () => {
  test('is possible where the hooks are let in', () => {
    expect(() => assertHooksFit(hooking('alerts'), [hse, hooking('badges', ['alerts'])])).not.toThrow()
    expect(() => assertHooksFit(hse, [hse, hooking('alerts')])).not.toThrow()
  })

  test('is refused where they are not, in words', () => {
    expect(() => assertHooksFit(hooking('alerts'), [closed])).toThrow(/hse does not let it hook "incident"/)
    expect(() => assertHooksFit(closed, [hse, hooking('alerts')])).toThrow(/Update or uninstall alerts first/)
    expect(() => assertHooksFit(manifest('hse'), [hse, hooking('alerts')])).toThrow(/no entity "incident"/)
  })

  test('is refused when hooks would wait for each other, naming the circle', () => {
    const others = [hse, hooking('badges', ['costs']), hooking('costs', ['alerts'])]
    expect(() => assertHooksFit(hooking('alerts', ['badges']), others)).toThrow(/alerts runs after badges, badges runs after costs, costs runs after alerts/)
    // A circle of others is none of its business.
    expect(() => assertHooksFit(hooking('alerts'), [hse, hooking('badges', ['costs']), hooking('costs', ['badges'])])).not.toThrow()
  })
})
