import type { ChangeRequest, ModuleDetail, ModuleSummary, Operation, Plan } from '@opsflux/sdk'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { http } from '../http.ts'
import { useLive } from '../live.ts'

interface ModuleList { data: ModuleSummary[]; registry: { reachable: boolean } }
export interface UploadedPackage { fileId: string; id: string; version: string; publisher: string }

/** The modules of the platform, the plan being read and the operation being watched. */
export const useModules = defineStore('modules', () => {
  const live = useLive()
  const list = shallowRef<ModuleSummary[]>()
  const isRegistryReachable = ref(true)
  const listError = shallowRef<unknown>()
  const detail = shallowRef<ModuleDetail>()
  const detailError = shallowRef<unknown>()
  const operation = shallowRef<Operation>()
  const updates = computed(() => (list.value ?? []).filter((module) => module.update))

  async function readList(): Promise<void> {
    try {
      const answer = await http.get<ModuleList>('/api/modules')
      list.value = answer.data
      isRegistryReachable.value = answer.registry.reachable
      listError.value = undefined
    } catch (error) {
      listError.value = error
    }
  }

  async function readDetail(id: string): Promise<void> {
    if (detail.value?.id !== id) detail.value = undefined
    try {
      detail.value = await http.get<ModuleDetail>(`/api/modules/${id}`)
      detailError.value = undefined
    } catch (error) {
      detailError.value = error
    }
  }

  const plan = (request: ChangeRequest): Promise<Plan> => http.post<Plan>('/api/modules/plans', request)
  const upload = (file: Blob): Promise<UploadedPackage> => http.upload<UploadedPackage>('/api/modules/files', file, 'application/gzip')

  async function apply(planHash: string): Promise<void> {
    take(await http.post<Operation>('/api/modules/operations', { planHash }))
  }

  function take(next: Operation): void {
    const isNewer = operation.value?.id !== next.id || operation.value.state === 'running'
    if (!operation.value || operation.value.state !== 'running' || operation.value.id === next.id) {
      if (isNewer) operation.value = next
    }
  }

  function closeOperation(): void {
    operation.value = undefined
  }

  /** Events may have been missed: asks where the watched operation stands. */
  async function catchUp(): Promise<void> {
    const watched = operation.value
    if (watched?.state === 'running') take(await http.get<Operation>(`/api/modules/operations/${watched.id}`))
  }

  live.on('operation.changed', (changed) => {
    if (changed.id === operation.value?.id) take(changed)
    if (changed.state !== 'running') void refresh()
  })
  live.on('modules.changed', () => void refresh())

  async function refresh(): Promise<void> {
    await Promise.all([list.value ? readList() : undefined, detail.value ? readDetail(detail.value.id) : undefined])
  }

  return { list, isRegistryReachable, listError, detail, detailError, operation, updates, readList, readDetail, plan, upload, apply, closeOperation, catchUp }
})
