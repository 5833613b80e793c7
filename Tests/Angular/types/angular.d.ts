// The parts of Angular that Examples/AngularChat uses, as its documentation describes them.

declare module '@angular/core' {
  export interface OnInit { ngOnInit(): void; }
  export interface OnDestroy { ngOnDestroy(): void; }
  export class NgZone {
    run<Result>(body: () => Result): Result;
    runOutsideAngular<Result>(body: () => Result): Result;
  }
  export interface Type<Instance> extends Function { new (...parameters: never[]): Instance; }
  export enum ChangeDetectionStrategy { OnPush = 0, Default = 1 }
  export function Injectable(options?: { providedIn?: 'root' }): ClassDecorator;
  export function Component(options: {
    selector?: string;
    standalone?: boolean;
    imports?: readonly Type<unknown>[];
    template?: string;
    templateUrl?: string;
    styleUrls?: string[];
    changeDetection?: ChangeDetectionStrategy;
  }): ClassDecorator;
}

declare module '@angular/common' {
  export class AsyncPipe {}
  export class NgFor {}
  export class NgIf {}
}

declare module '@angular/forms' {
  export class FormsModule {}
}

declare module '@angular/platform-browser' {
  import { Type } from '@angular/core';
  export function bootstrapApplication(component: Type<unknown>): Promise<unknown>;
}
