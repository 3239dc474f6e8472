import { inject, provide, type InjectionKey, type Ref } from 'vue'

/** What a field tells its control, so that label, hint and error are announced with it. */
export interface FieldContext {
  id: string
  describedBy: string | undefined
  invalid: boolean
  required: boolean
}

const fieldKey: InjectionKey<Readonly<Ref<FieldContext>>> = Symbol('opsflux.ui.field')

export function provideField(context: Readonly<Ref<FieldContext>>): void {
  provide(fieldKey, context)
}

/** Attributes for the control of the surrounding field; none outside of one. */
export function useField(): Readonly<Ref<FieldContext>> | undefined {
  return inject(fieldKey, undefined)
}
