export { answers, definePlugin, fieldEvents, hookEvents, refuse, route } from './plugin.ts'
export type {
  CapabilityRequest, ChangeEvent, Context, Entities, EntitiesOf, FieldChanges, FieldHookHandlers, HookEvent, HookHandlers, Hooks, Log, MenuDeclaration, PermissionDeclaration, Plugin, PluginDeclaration,
  ResponseOf, RouteDeclaration, RouteInput, Routes, RoutesOf, SecretDeclaration, ServerHandlers,
} from './plugin.ts'
export { actions, defineEntity, featuresOf, scopes } from './entity.ts'
export type { Action, ChangesOf, Entity, EntityDeclaration, EntityFeatures, FeatureName, InputOf, RecordOf, Scope, ScopeFields, StateOf, StatesDeclaration, SystemFields, TransitionDeclaration, TransitionOf } from './entity.ts'
export { field, fieldKinds } from './fields.ts'
export type { Field, FieldDeclaration, FieldKind, Fields, GeoPoint, Money, OnDelete, SearchWeight, TimeRange, ValuesOf } from './fields.ts'
export { buckets, operatorNames, queryLimits } from './query.ts'
export type { Aggregate, AggregateRow, Bucket, BulkReport, BulkRequest, BulkResult, HistoryEntry, Operators, Page, Query, Repository, Sort, Where } from './query.ts'
export { customFieldKinds, customFieldLimits, indexedCustomFieldKinds } from './custom-fields.ts'
export type { CustomField, CustomFieldChanges, CustomFieldInput, CustomFieldKind, CustomFieldLabel } from './custom-fields.ts'
export type { Attachment, Comment, RecordVersion, RecordVersionDiff, RecordVersionEntry, StoredFile } from './records.ts'
export { capabilities, hostPattern } from './capabilities.ts'
export type { CapabilityGrant, CapabilityName, Http, HttpRequest, HttpResponse, Secrets, Users } from './capabilities.ts'
export { classLimits, isSafeClass } from './class-names.ts'
export { limitTable } from './limits.ts'
export type { LimitName, PluginLimits } from './limits.ts'
export { errorTable, isOpsFluxError, OpsFluxError } from './errors.ts'
export type { ErrorCode, FieldError, Problem } from './errors.ts'
export type { Json } from './json.ts'
export { pluginIdPattern, reservedIds, sdkVersion } from './manifest.ts'
export type { CapabilityEntry, ClientBundle, MigrationEntry, PackageManifest, PackageSignature, PluginManifest, RouteEntry, SecretEntry } from './manifest.ts'
export { operationSteps } from './lifecycle.ts'
export type {
  AfterStep, ChangeAction, ChangeRequest, Diff, InstallationState, ModuleDetail, ModuleLimit, ModuleSummary, Operation, OperationState, OperationStep, Plan, PlatformStatus, Refusal,
  RegistryStatus, SandboxStatus, TableChange, WayBack,
} from './lifecycle.ts'
export { maxWatches } from './session.ts'
export type { ActivePlugin, ClientEvents, MenuItem, RecordChange, ServerEvents, Session, WatchAnswer, Watched } from './session.ts'
export { serviceRef } from './service-ref.ts'
export type { ResolvedServices, ServiceRef, ServiceRefs } from './service-ref.ts'
