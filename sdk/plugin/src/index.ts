export { answers, definePlugin, hookEvents, refuse, route } from './plugin.ts'
export type {
  CapabilityRequest, Context, Entities, EntitiesOf, HookEvent, HookHandlers, Hooks, Log, MenuDeclaration, PermissionDeclaration, Plugin, PluginDeclaration,
  ResponseOf, RouteDeclaration, RouteInput, Routes, RoutesOf, ServerHandlers,
} from './plugin.ts'
export { defineEntity } from './entity.ts'
export type { Action, ChangesOf, Entity, EntityDeclaration, InputOf, RecordOf, Scope, StateOf, StatesDeclaration, SystemFields, TransitionDeclaration, TransitionOf } from './entity.ts'
export { field } from './fields.ts'
export type { Field, FieldDeclaration, FieldKind, Fields, ValuesOf } from './fields.ts'
export { operatorNames } from './query.ts'
export type { Aggregate, AggregateRow, Bucket, Operators, Page, Query, Repository, Sort, Where } from './query.ts'
export { capabilities } from './capabilities.ts'
export type { CapabilityName, Users } from './capabilities.ts'
export { errorTable, isOpsFluxError, OpsFluxError } from './errors.ts'
export type { ErrorCode, FieldError, Problem } from './errors.ts'
export type { Json } from './json.ts'
export { pluginIdPattern, reservedIds, sdkVersion } from './manifest.ts'
export type { ClientBundle, MigrationEntry, PackageManifest, PackageSignature, PluginManifest, RouteEntry } from './manifest.ts'
export { operationSteps } from './lifecycle.ts'
export type {
  ChangeAction, ChangeRequest, Diff, InstallationState, ModuleDetail, ModuleSummary, Operation, OperationState, OperationStep, Plan, TableChange, WayBack,
} from './lifecycle.ts'
export type { ActivePlugin, MenuItem, ServerEvents, Session } from './session.ts'
export { serviceRef } from './service-ref.ts'
export type { ResolvedServices, ServiceRef, ServiceRefs } from './service-ref.ts'
