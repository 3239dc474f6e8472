import type { CapabilityGrant, ChangeRequest, LimitName, ModuleDetail, ModuleSummary, Operation, Plan, RegistryStatus } from '@opsflux/sdk'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { http } from '../http.ts'
import { useLive } from '../live.ts'

interface ModuleList { data: ModuleSummary[]; registry: RegistryStatus }
export interface UploadedPackage { fileId: string; id: string; version: string; publisher: string }

/** The modules of the platform, the change that is wanted and the operation that is followed. */
export const useModules = defineStore('modules', () => {
  const live = useLive()
  const list = shallowRef<ModuleSummary[]>()
  const registry = shallowRef<RegistryStatus>({ reachable: true, level: 'ok' })
  const listError = shallowRef<unknown>()
  const detail = shallowRef<ModuleDetail>()
  const detailError = shallowRef<unknown>()
  /** What somebody asked for on a screen and has not yet agreed to. */
  const request = shallowRef<ChangeRequest>()
  const operation = shallowRef<Operation>()
  /** Whether the operation is on the screen; else it goes on in the background. */
  const isWatching = ref(false)
  const updates = computed(() => (list.value ?? []).filter((module) => module.update))

  async function readList(): Promise<void> {
    try {
      const answer = await http.get<ModuleList>('/api/modules')
      list.value = answer.data
      registry.value = answer.registry
      listError.value = undefined
    } catch (error) {
      listError.value = error
    }
  }

  async function readDetail(id: string): Promise<void> {
    if (detail.value?.id !== id) detail.value = undefined
    try {
      const read = await http.get<ModuleDetail>(`/api/modules/${id}`)
      detail.value = read
      detailError.value = undefined
      const running = read.operations.find(({ state }) => state === 'running')
      if (running && operation.value?.state !== 'running') await follow(running.id)
    } catch (error) {
      detailError.value = error
    }
  }

  const plan = (wanted: ChangeRequest): Promise<Plan> => http.post<Plan>('/api/modules/plans', wanted)
  const upload = (file: Blob): Promise<UploadedPackage> => http.upload<UploadedPackage>('/api/modules/files', file, 'application/gzip')

  /** For everybody, or what is taken back for this organisation alone. */
  async function grant(id: string, grants: CapabilityGrant[], scope: 'platform' | 'organisation'): Promise<void> {
    detail.value = await http.put<ModuleDetail>(`/api/modules/${id}/grants`, { grants, scope })
  }

  /** `null` gives a limit back to what the module asks for. */
  async function limit(id: string, limits: Partial<Record<LimitName, number | null>>): Promise<void> {
    detail.value = await http.put<ModuleDetail>(`/api/modules/${id}/limits`, { limits })
  }

  async function retryAfterSteps(id: string): Promise<void> {
    detail.value = await http.post<ModuleDetail>(`/api/modules/${id}/after-steps/retry`, {})
  }

  /** Of the changes that hooks were given up on by `until`. */
  async function settleParkedChanges(id: string, work: 'retry' | 'forget', until: string): Promise<void> {
    detail.value = await http.post<ModuleDetail>(`/api/modules/${id}/parked-changes/${work}`, { until })
  }

  async function setSecret(id: string, name: string, value: string): Promise<void> {
    await http.put(`/api/modules/${id}/secrets/${name}`, { value })
    await readDetail(id)
  }

  async function forgetSecret(id: string, name: string): Promise<void> {
    await http.delete(`/api/modules/${id}/secrets/${name}`)
    await readDetail(id)
  }

  async function apply(planHash: string): Promise<void> {
    // Its events, even the last one, may be faster than the answer.
    stopWatching()
    isWatching.value = true
    try {
      const started = await http.post<Operation>('/api/modules/operations', { planHash })
      if (operation.value?.id === started.id) return
      operation.value = started
      await catchUp()
    } catch (error) {
      isWatching.value = false
      throw error
    }
  }

  async function follow(id: string): Promise<void> {
    take(await http.get<Operation>(`/api/modules/operations/${id}`))
  }

  /** One operation is followed until it has ended and was seen; then comes the next. */
  function take(next: Operation): void {
    const known = operation.value
    const isFree = known === undefined || (known.state !== 'running' && !isWatching.value)
    if (known?.id === next.id ? known.state === 'running' : isFree && next.state === 'running') operation.value = next
  }

  /** It goes on in the background; one that has ended is forgotten. */
  function stopWatching(): void {
    isWatching.value = false
    if (operation.value?.state !== 'running') operation.value = undefined
  }

  /** Events may have been missed: asks where the operation stands. Out of reach, the next try may do. */
  async function catchUp(): Promise<void> {
    if (operation.value?.state === 'running') await follow(operation.value.id).catch(() => undefined)
  }

  live.on('operation.changed', (changed) => {
    take(changed)
    if (changed.state !== 'running') void refresh()
  })
  live.on('modules.changed', () => void refresh())

  async function refresh(): Promise<void> {
    await Promise.all([list.value || listError.value ? readList() : undefined, detail.value ? readDetail(detail.value.id) : undefined])
  }

  return {
    list, registry, listError, detail, detailError, request, operation, isWatching, updates, readList, readDetail, plan, upload, apply, stopWatching, catchUp,
    grant, limit, retryAfterSteps, settleParkedChanges, setSecret, forgetSecret,
  }
})
