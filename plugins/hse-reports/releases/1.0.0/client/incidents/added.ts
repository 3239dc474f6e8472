import type { Component } from 'vue'

/** A column of the list that a release adds: its field, and the component that draws a cell from `incident`. */
export interface AddedColumn { key: string; cell: Component }

/** A list of choices above the incident list; messages are `incident.<field>` and `incident.<field>.<value>`. */
export interface Filter { field: string; values: readonly string[] }
