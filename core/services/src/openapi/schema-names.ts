import { sharedSchemas } from './shared-schemas.ts'
import type { ApiModule } from './types.ts'

const endings = ['', 'Page', 'Input', 'Changes']

/**
 * Names of the schemas of entities: `Incident`, or `hse-reports.Incident` where another module of the document, or the platform, has one of that name.
 * @returns by `<plugin>/<entity>`
 */
export function schemaNames(modules: readonly ApiModule[]): ReadonlyMap<string, string> {
  const entities = modules.flatMap(({ manifest, entities: all }) => all.map(({ entity }) => ({ id: manifest.id, name: entity.name, schema: pascalCase(entity.name) })))
  const wanted = Map.groupBy(entities.flatMap(({ schema }) => endings.map((ending) => schema + ending)), (name) => name)
  const isFree = (name: string): boolean => wanted.get(name)?.length === 1 && !Object.hasOwn(sharedSchemas, name)
  return new Map(entities.map(({ id, name, schema }) => [`${id}/${name}`, endings.every((ending) => isFree(schema + ending)) ? schema : `${id}.${schema}`]))
}

const pascalCase = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
