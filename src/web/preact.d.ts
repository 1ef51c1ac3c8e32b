// Preact, as far as the page uses it; the build puts the module itself beside the page (scripts/build.mjs).

import type * as preact from 'preact'

export type ComponentChildren = preact.ComponentChildren
export type VNode = preact.VNode
/** Elements only: the page has functions that draw, and no components. */
export function h(
  tag: string,
  props: Readonly<Record<string, unknown>> | null,
  ...children: ComponentChildren[]
): VNode
export const render: typeof preact.render
