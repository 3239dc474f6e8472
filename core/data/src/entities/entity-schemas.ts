import { EntitySchema, type EntitySchemaProperty } from '@mikro-orm/postgresql'
import { OpsFluxError, type EntityDeclaration, type FieldDeclaration, type PluginManifest } from '@opsflux/sdk'
import { columnsOf, snakeCase, type Column } from './columns.ts'

type Property = EntitySchemaProperty<unknown, object>

/** MikroORM's description of the tables that a manifest declares. */
export function entitySchemas(manifest: PluginManifest, schema: string): EntitySchema<object>[] {
  const made = new Map<string, EntitySchema<object>>()
  const target = (name = ''): EntitySchema<object> => {
    const found = made.get(name)
    if (!found) throw new OpsFluxError('validation-failed', `${manifest.id} refers to an entity "${name}" it does not declare.`)
    return found
  }
  for (const entity of manifest.entities) made.set(entity.name, entitySchema(entity, schema, target))
  return [...made.values()]
}

type Target = (name?: string) => EntitySchema<object>

function entitySchema(entity: EntityDeclaration, schema: string, target: Target): EntitySchema<object> {
  const columns = [...columnsOf(entity).values()]
  const on = (column: Column): { properties: never[] } => ({ properties: ['tenantId', column.field] as never[] })
  return new EntitySchema<object>({
    name: entity.name, schema, tableName: snakeCase(entity.name),
    properties: Object.fromEntries([['tenantId', plain('tenant_id', 'uuid')], ...columns.map((column) => [column.field, propertyOf(entity, column, target)])]) as Record<never, Property>,
    uniques: columns.filter((column) => column.declaration?.unique === true).map(on),
    indexes: columns.filter((column) => column.declaration?.index === true).map(on),
  })
}

function propertyOf(entity: EntityDeclaration, { field, name, kind, declaration }: Column, target: Target): Property {
  if (declaration) return declaredProperty(name, declaration, target)
  if (kind === 'state') return enumeration(name, entity.states?.values ?? [], false)
  const nullable = field === 'createdBy' || field === 'updatedBy'
  return { ...plain(name, kind === 'datetime' ? 'timestamptz' : kind === 'revision' ? 'int' : 'uuid', nullable), ...(field === 'id' ? { primary: true } : {}) } as Property
}

function declaredProperty(name: string, declaration: FieldDeclaration, target: Target): Property {
  const nullable = declaration.required !== true
  if (declaration.kind === 'enum') return enumeration(name, declaration.values ?? [], nullable)
  if (declaration.kind === 'reference') return { kind: 'm:1', entity: () => target(declaration.entity), fieldName: name, nullable, deleteRule: 'no action', updateRule: 'no action' } as Property
  return plain(name, columnType(declaration), nullable)
}

function columnType(declaration: FieldDeclaration): string {
  switch (declaration.kind) {
    case 'string': return `varchar(${declaration.maxLength ?? 255})`
    case 'integer': return 'bigint'
    case 'decimal': return `numeric(${declaration.precision ?? 18},${declaration.scale ?? 6})`
    case 'boolean':
    case 'date': return declaration.kind
    case 'datetime': return 'timestamptz'
    case 'json': return 'jsonb'
    case 'user': return 'uuid'
    default: return 'text'
  }
}

function plain(name: string, type: string, nullable = false): Property {
  return { type: 'unknown', fieldName: name, columnType: type, nullable } as Property
}

function enumeration(name: string, values: readonly string[], nullable: boolean): Property {
  return { enum: true, type: 'string', items: () => [...values], fieldName: name, nullable } as Property
}
