%% The workloads of bench/workloads.py in Erlang, and a crash loop under a real supervisor.
%% main([Workload, Size]) prints one number: messages a second, or what the workload measures.
-module(savina).
-behaviour(supervisor).
-export([main/1, init/1, start_victim/1, victim_init/1]).

-define(BATCH, 1000).
-define(RING, 100).
-define(BIG, 100).

main([Name, Size]) ->
    logger:set_primary_config(level, none),
    Value = work(Name, list_to_integer(Size)),
    io:format("~p~n", [Value]).

work("pingpong", N) ->
    Self = self(),
    Left = spawn_link(fun() -> player(Self) end),
    Right = spawn_link(fun() -> player(Self) end),
    Left ! {peer, Right, N div 2},
    Right ! {peer, Left, N},
    rate(N, fun() -> Left ! 0, wait(1) end);
work("counting", N) ->
    Self = self(),
    Counter = spawn_link(fun() -> counter(Self, N) end),
    rate(N, fun() -> spawn_link(fun() -> produce(Counter, N div ?BATCH) end), wait(1) end);
work("ring", N) ->
    Self = self(),
    Nodes = [spawn_link(fun() -> node_start(Self) end) || _ <- lists:seq(1, ?RING)],
    lists:foreach(fun({Node, Next}) -> Node ! {next, Next} end,
                  lists:zip(Nodes, tl(Nodes) ++ [hd(Nodes)])),
    rate(N, fun() -> hd(Nodes) ! N, wait(1) end);
work("fanout" ++ Actors, N) ->
    Self = self(),
    K = list_to_integer(Actors),
    Rounds = N div K,
    Sinks = [spawn_link(fun() -> counter(Self, Rounds) end) || _ <- lists:seq(1, K)],
    rate(N, fun() -> spawn_link(fun() -> send_rounds(Sinks, Rounds) end), wait(K) end);
work("big", N) ->
    Self = self(),
    Pings = N div ?BIG div 2,
    Actors = [spawn_link(fun() -> big_start(Self, Pings) end) || _ <- lists:seq(1, ?BIG)],
    Table = list_to_tuple(Actors),
    [Actor ! {peers, Table} || Actor <- Actors],
    rate(N, fun() -> [Actor ! pong || Actor <- Actors], wait(?BIG) end);
work("spawn", N) ->
    Before = erlang:memory(total),
    Begun = now_ns(),
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, N)],
    Took = now_ns() - Begun,
    Bytes = (erlang:memory(total) - Before) / N,
    [Pid ! stop || Pid <- Pids],
    [N * 1.0e9 / Took, Bytes];
work("restart", N) ->
    process_flag(trap_exit, true),
    {ok, _} = supervisor:start_link(?MODULE, {one, self()}),
    First = receive {up, Pid} -> Pid end,
    Times = lists:sort(restarts(First, N, [])),
    [lists:nth(N div 2, Times) / 1000, lists:nth(N * 99 div 100, Times) / 1000];
work("storm", N) ->
    process_flag(trap_exit, true),
    {ok, Sup} = supervisor:start_link(?MODULE, {many, self()}),
    Pids = [element(2, supervisor:start_child(Sup, [])) || _ <- lists:seq(1, N)],
    ups(N),
    Begun = now_ns(),
    [Pid ! crash || Pid <- Pids],
    ups(N),
    (now_ns() - Begun) / 1.0e9.

rate(N, Fun) ->
    Begun = now_ns(),
    Fun(),
    N * 1.0e9 / (now_ns() - Begun).

now_ns() -> erlang:monotonic_time(nanosecond).

wait(0) -> ok;
wait(K) -> receive done -> wait(K - 1) end.

ups(0) -> ok;
ups(K) -> receive {up, _} -> ups(K - 1) end.

player(Main) -> receive {peer, Peer, Left} -> player(Main, Peer, Left) end.
player(Main, Peer, Left) ->
    receive
        _ when Left =:= 0 -> Main ! done;
        Ball -> Peer ! Ball, player(Main, Peer, Left - 1)
    end.

counter(Main, 0) -> Main ! done, receive stop -> ok end;
counter(Main, Left) -> receive _ -> counter(Main, Left - 1) end.

produce(_, 0) -> ok;
produce(Counter, Batches) ->
    batch(Counter, ?BATCH),
    self() ! go,
    receive go -> produce(Counter, Batches - 1) end.

batch(_, 0) -> ok;
batch(Counter, K) -> Counter ! K, batch(Counter, K - 1).

node_start(Main) -> receive {next, Next} -> node(Main, Next) end.
node(Main, Next) ->
    receive
        0 -> Main ! done;
        K -> Next ! K - 1, node(Main, Next)
    end.

send_rounds(_, 0) -> ok;
send_rounds(Sinks, Rounds) ->
    [Sink ! 1 || Sink <- Sinks],
    self() ! go,
    receive go -> send_rounds(Sinks, Rounds - 1) end.

big_start(Main, Pings) -> receive {peers, Table} -> big(Main, Table, Pings) end.
big(Main, Table, Left) ->
    receive
        {ping, From} -> From ! pong, big(Main, Table, Left);
        pong when Left =:= 0 -> Main ! done, big(Main, Table, Left);
        pong ->
            element(rand:uniform(tuple_size(Table)), Table) ! {ping, self()},
            big(Main, Table, Left - 1)
    end.

restarts(_, 0, Times) -> Times;
restarts(Pid, K, Times) ->
    Begun = now_ns(),
    Pid ! crash,
    Next = receive {up, New} -> New end,
    Next ! {ping, self()},
    receive pong -> ok end,
    restarts(Next, K - 1, [now_ns() - Begun | Times]).

init({one, Main}) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1000},
          [#{id => victim, start => {?MODULE, start_victim, [Main]}}]}};
init({many, Main}) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 1000000, period => 1000},
          [#{id => victim, start => {?MODULE, start_victim, [Main]}}]}}.

%% As a gen_server does: the start is acknowledged, and an error ends the process with a report.
start_victim(Main) ->
    proc_lib:start_link(?MODULE, victim_init, [Main]).

victim_init(Main) ->
    Main ! {up, self()},
    proc_lib:init_ack({ok, self()}),
    victim().

victim() ->
    receive
        {ping, From} -> From ! pong, victim();
        crash -> error(crash)
    end.
