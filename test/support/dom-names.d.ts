/**
 * Names of the browser's types that the declarations of playwright-core mention. The library of the browser itself stays
 * out, so that no code for Node can use `name`, `status` and other globals of a window by mistake.
 */

declare global {
  interface Node {
    readonly nodeType: number;
  }
  interface HTMLElement extends Node {
    readonly tagName: string;
  }
  interface SVGElement extends Node {
    readonly tagName: string;
  }
  interface HTMLElementTagNameMap {
    readonly [tag: string]: HTMLElement;
  }
}

export {};
