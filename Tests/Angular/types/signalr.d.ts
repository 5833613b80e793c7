// The parts of @microsoft/signalr 8 that Examples/AngularChat uses.

declare module '@microsoft/signalr' {
  export enum LogLevel { Trace = 0, Debug, Information, Warning, Error, Critical, None }
  export enum HubConnectionState {
    Disconnected = 'Disconnected',
    Connecting = 'Connecting',
    Connected = 'Connected',
    Disconnecting = 'Disconnecting',
    Reconnecting = 'Reconnecting',
  }
  export class HubConnection {
    readonly state: HubConnectionState;
    readonly connectionId: string | null;
    start(): Promise<void>;
    stop(): Promise<void>;
    on(methodName: string, newMethod: (...args: any[]) => void): void;
    invoke<Result = unknown>(methodName: string, ...args: unknown[]): Promise<Result>;
    onreconnecting(callback: (error?: Error) => void): void;
    onreconnected(callback: (connectionId?: string) => void): void;
    onclose(callback: (error?: Error) => void): void;
  }
  export class HubConnectionBuilder {
    withUrl(url: string): HubConnectionBuilder;
    withAutomaticReconnect(): HubConnectionBuilder;
    configureLogging(logLevel: LogLevel): HubConnectionBuilder;
    build(): HubConnection;
  }
}
