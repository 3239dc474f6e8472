import type { CustomField, CustomFieldChanges, CustomFieldInput } from '@opsflux/sdk'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { http } from '../http.ts'

interface FieldList { data: CustomField[]; entities: string[] }
const base = '/api/custom-fields'

/** The fields of one module's entities, deleted ones too. */
export const useCustomFields = defineStore('custom-fields', () => {
  const moduleId = ref('')
  const list = shallowRef<FieldList>()
  const error = shallowRef<unknown>()
  const entities = computed(() => (list.value?.entities ?? []).map((name) => {
    const fields = list.value?.data.filter((field) => field.entity === name) ?? []
    return { name, live: fields.filter(({ deletedAt }) => !deletedAt), deleted: fields.filter(({ deletedAt }) => deletedAt) }
  }))

  async function read(id = moduleId.value): Promise<void> {
    if (id !== moduleId.value) list.value = undefined
    moduleId.value = id
    try {
      const answer = await http.get<FieldList>(`${base}?module=${id}&deleted=true`)
      if (id !== moduleId.value) return
      list.value = answer
      error.value = undefined
    } catch (failure) {
      if (id === moduleId.value) error.value = failure
    }
  }

  const thenRead = async <T>(work: Promise<T>): Promise<T> => {
    const answer = await work
    await read()
    return answer
  }
  const add = (entity: string, input: Omit<CustomFieldInput, 'module' | 'entity'>): Promise<CustomField> => thenRead(http.post<CustomField>(base, { module: moduleId.value, entity, ...input }))
  const change = (id: string, changes: CustomFieldChanges): Promise<CustomField> => thenRead(http.patch<CustomField>(`${base}/${id}`, changes))
  const order = (entity: string, ids: string[]): Promise<unknown> => thenRead(http.put(`${base}/order`, { module: moduleId.value, entity, ids }))
  const remove = (id: string): Promise<undefined> => thenRead(http.delete(`${base}/${id}`))
  const restore = (id: string): Promise<CustomField> => thenRead(http.post<CustomField>(`${base}/${id}/restore`))
  const purge = (id: string): Promise<undefined> => thenRead(http.post<undefined>(`${base}/${id}/purge`))
  const use = async (id: string): Promise<number> => (await http.get<{ records: number }>(`${base}/${id}/use`)).records

  return { moduleId, list, error, entities, read, add, change, order, remove, restore, purge, use }
})
