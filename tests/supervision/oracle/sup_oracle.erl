%% Drives a real OTP supervisor from a line protocol: the reference that ours is compared with.
%%
%% Standard input holds commands, one a line, words separated by blanks:
%%   reset | flags STRATEGY INTENSITY AUTO | spec ID RESTART SHUTDOWN SIGNIFICANT TYPE
%%   script ID OUTCOME,... | boot | start (as spec) | terminate ID | restart ID | delete ID
%%   die ID REASON | stop | done
%% Commands from boot on are answered by one line:
%%   RESULT TAB TRACE TAB CHILDREN TAB COUNTS TAB HOOKS TAB SUPERVISOR
%% An OUTCOME is ok, info, ignore, error, raise or junk. With "@OP.ID" or "@die.ID.REASON"
%% appended to a failure, the start leaves that request, or the exit of that child, in the
%% supervisor's mailbox before it returns: so things happen while a child waits for its retry.
-module(sup_oracle).
-export([main/0, init/1, start_child/2, run_child/3]).

-define(T, oracle_table).
-define(PERIOD_S, 1000000).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    io:setopts(standard_io, [binary, {encoding, latin1}]),
    ets:new(?T, [named_table, public, ordered_set]),
    loop(none).

loop(Sup) ->
    case file:read_line(standard_io) of
        eof -> halt(0);
        {ok, Line} ->
            Words = binary:split(string:trim(Line), <<" ">>, [global]),
            loop(command([binary_to_list(W) || W <- Words], Sup))
    end.

command(["reset"], Sup) ->
    _ = stop_supervisor(Sup),
    ets:delete_all_objects(?T),
    ets:insert(?T, [{clock, 0}, {hooks, 0}, {specs, []}]),
    none;
command(["flags", Strategy, Intensity, Auto], Sup) ->
    Flags = #{strategy => list_to_atom(Strategy), intensity => list_to_integer(Intensity),
              period => ?PERIOD_S, auto_shutdown => list_to_atom(Auto)},
    ets:insert(?T, {flags, Flags}),
    Sup;
command(["spec" | Fields], Sup) ->
    [{_, Specs}] = ets:lookup(?T, specs),
    ets:insert(?T, {specs, Specs ++ [spec(Fields)]}),
    Sup;
command(["script", Id, Outcomes], Sup) ->
    ets:insert(?T, {{script, Id}, string:split(Outcomes, ",", all)}),
    Sup;
command(["boot"], _) ->
    case supervisor:start_link(?MODULE, []) of
        {ok, Sup} -> answer("ok", Sup);
        {error, Reason} ->
            receive {'EXIT', _, _} -> ok after 0 -> ok end,
            answer(boot_error(Reason), none)
    end;
command(["die", Id, Reason], Sup) ->
    case running(Sup, Id) of
        none -> answer("none", Sup);
        Pid ->
            kill(Pid, Reason),
            answer("ok", Sup)
    end;
command(["stop"], Sup) ->
    answer(stop_supervisor(Sup), Sup);
command(["done"], Sup) ->
    io:put_chars("done\n"),
    Sup;
command(Request, Sup) ->
    answer(request(Sup, Request), Sup).

init([]) ->
    [{_, Flags}] = ets:lookup(?T, flags),
    [{_, Specs}] = ets:lookup(?T, specs),
    {ok, {Flags, Specs}}.

spec([Id, Restart, Shutdown, Significant, Type]) ->
    #{id => Id, start => {?MODULE, start_child, [Id, Shutdown]}, restart => list_to_atom(Restart),
      shutdown => shutdown(Shutdown), significant => Significant =:= "1",
      type => list_to_atom(Type)}.

shutdown("infinity") -> infinity;
shutdown("brutal_kill") -> brutal_kill;
shutdown(Milliseconds) -> list_to_integer(Milliseconds).

%% Requests: the supervisor's API, with results in canonical words

request(Sup, ["start" | Fields]) ->
    case call(fun() -> supervisor:start_child(Sup, spec(Fields)) end) of
        {error, {already_started, Pid}} -> "error:already_started:" ++ name(Pid);
        {error, already_present} -> "error:already_present";
        {error, {bad_combination, _}} -> "error:bad_spec";
        {error, {invalid_significant, _}} -> "error:bad_spec";
        {error, {Reason, _Child}} -> "error:failed:" ++ failure(Reason);
        {error, Reason} -> "error:failed:" ++ failure(Reason);
        Other -> word(Other)
    end;
request(Sup, ["terminate", Id]) -> word(call(fun() -> supervisor:terminate_child(Sup, Id) end));
request(Sup, ["restart", Id]) -> word(call(fun() -> supervisor:restart_child(Sup, Id) end));
request(Sup, ["delete", Id]) -> word(call(fun() -> supervisor:delete_child(Sup, Id) end));
request(Sup, ["which"]) -> children(call(fun() -> supervisor:which_children(Sup) end));
request(Sup, ["count"]) -> counts(call(fun() -> supervisor:count_children(Sup) end)).

call(Fun) ->
    try Fun() catch exit:_ -> dead end.

word(dead) -> "dead";
word(ok) -> "ok";
word({ok, undefined}) -> "ok:undefined";
word({ok, Pid}) -> "ok:" ++ name(Pid);
word({ok, Pid, _Info}) -> "ok:" ++ name(Pid) ++ ":info";
word({error, Reason}) when Reason =:= running; Reason =:= restarting; Reason =:= not_found ->
    "error:" ++ atom_to_list(Reason);
word({error, Reason}) -> "error:failed:" ++ failure(Reason).

failure(planned) -> "error";
failure({'EXIT', _}) -> "raise";
failure(junk) -> "junk";
failure(Other) -> lists:flatten(io_lib:format("~0p", [Other])).

boot_error({shutdown, {failed_to_start_child, Id, Reason}}) ->
    "error:failed_to_start_child:" ++ Id ++ ":" ++ failure(Reason);
boot_error({start_spec, {duplicate_child_name, Id}}) -> "error:duplicate:" ++ Id;
boot_error({start_spec, _}) -> "error:bad_spec";
boot_error({supervisor_data, _}) -> "error:bad_flags".

%% Answers: settle, then tell everything that can be observed

answer(Result, Sup) ->
    settle(Sup),
    {Children, Counts, State} = observe(Sup),
    io:put_chars([Result, $\t, trace(), $\t, Children, $\t, Counts, $\t, hooks(), $\t, State, $\n]),
    case State of "alive" -> Sup; _ -> none end.

observe(none) -> {"-", "-", "none"};
observe(Sup) ->
    case call(fun() -> supervisor:which_children(Sup) end) of
        dead -> {"-", "-", "exit:" ++ reason(exit_of(Sup))};
        List -> {children(List), counts(supervisor:count_children(Sup)), "alive"}
    end.

exit_of(Sup) -> receive {'EXIT', Sup, Reason} -> Reason end.

settle(none) -> wait_hooks();
settle(Sup) ->
    wait_hooks(),
    case call(fun() -> supervisor:which_children(Sup) end) of
        dead -> wait_hooks();
        List ->
            Busy = [x || {_, Child, _, _} <- List, busy(Child)],
            Pending = ets:lookup_element(?T, hooks, 2),
            case {Busy, Pending} of
                {[], 0} -> ok;
                _ -> settle(Sup)
            end
    end.

%% A dead child that is still listed: the supervisor has its exit in the mailbox.
busy(restarting) -> true;
busy(Pid) when is_pid(Pid) -> not is_process_alive(Pid);
busy(undefined) -> false.

wait_hooks() ->
    case ets:lookup_element(?T, hooks, 2) of
        0 -> ok;
        _ -> erlang:yield(), wait_hooks()
    end.

stop_supervisor(none) -> "none";
stop_supervisor(Sup) ->
    exit(Sup, shutdown),
    receive {'EXIT', Sup, Reason} -> self() ! {'EXIT', Sup, Reason}, "ok" end.

children(dead) -> "dead";
children(List) -> lists:join(",", [[Id, ":", pid(Pid), ":", atom_to_list(Type)]
                                   || {Id, Pid, Type, _} <- List]).

pid(Pid) when is_pid(Pid) -> name(Pid);
pid(Atom) -> atom_to_list(Atom).

counts(dead) -> "dead";
counts(List) ->
    lists:join("/", [integer_to_list(proplists:get_value(Key, List))
                     || Key <- [specs, active, supervisors, workers]]).

reason(normal) -> "normal";
reason(shutdown) -> "shutdown";
reason({shutdown, _}) -> "info";
reason(killed) -> "killed";
reason(_) -> "crash".

name(Pid) -> ets:lookup_element(?T, {name, Pid}, 2).

running(none, _) -> none;
running(Sup, Id) ->
    case call(fun() -> supervisor:which_children(Sup) end) of
        dead -> none;
        List ->
            case lists:keyfind(Id, 1, List) of
                {Id, Pid, _, _} when is_pid(Pid) -> Pid;
                _ -> none
            end
    end.

%% The trace: events in the order in which they happened, whoever saw them

log(Event) ->
    ets:insert(?T, {{event, ets:update_counter(?T, clock, 1)}, Event}).

trace() -> lists:join(",", take(event)).

hooks() -> lists:join(",", take(hook)).

take(Kind) ->
    Found = ets:match(?T, {{Kind, '$1'}, '$2'}),
    lists:foreach(fun([Key, _]) -> ets:delete(?T, {Kind, Key}) end, Found),
    [Text || [_, Text] <- Found].

%% Scripted children

start_child(Id, Shutdown) ->
    case next_outcome(Id) of
        ["ok"] -> up(Id, Shutdown);
        ["info"] -> erlang:append_element(up(Id, Shutdown), info);
        ["ignore"] -> log(["~", Id]), ignore;
        [Failure | Hook] ->
            log(["!", Id, ":", Failure]),
            lists:foreach(fun leave_request/1, Hook),
            fail(Failure)
    end.

fail("error") -> {error, planned};
fail("raise") -> error(planned);
fail("junk") -> junk.

next_outcome(Id) ->
    case ets:lookup(?T, {script, Id}) of
        [{Key, [Next | Rest]}] -> ets:insert(?T, {Key, Rest}), string:split(Next, "@");
        _ -> ["ok"]
    end.

leave_request(Text) ->
    case string:split(Text, ".", all) of
        ["die", Id, Reason] -> leave_exit(Id, Reason);
        Words -> leave_call(Words)
    end.

leave_call(Words) ->
    Sup = self(),
    Number = ets:update_counter(?T, clock, 1),
    ets:update_counter(?T, hooks, 1),
    Caller = spawn(fun() ->
        ets:insert(?T, {{hook, Number}, request(Sup, Words)}),
        ets:update_counter(?T, hooks, -1)
    end),
    wait_queued(fun({'$gen_call', {From, _}, _}) -> From =:= Caller; (_) -> false end).

leave_exit(Id, Reason) ->
    case ets:lookup(?T, {pid, Id}) of
        [{_, Pid}] ->
            case is_process_alive(Pid) of
                true ->
                    kill(Pid, Reason),
                    wait_queued(fun({'EXIT', From, _}) -> From =:= Pid; (_) -> false end);
                false -> ok
            end;
        [] -> ok
    end.

wait_queued(Wanted) ->
    {messages, Queue} = process_info(self(), messages),
    case lists:any(Wanted, Queue) of
        true -> ok;
        false -> erlang:yield(), wait_queued(Wanted)
    end.

up(Id, Shutdown) ->
    Number = ets:update_counter(?T, {starts, Id}, 1, {{starts, Id}, 0}),
    Name = Id ++ integer_to_list(Number),
    Pid = spawn_link(?MODULE, run_child, [self(), Name, stubborn(Shutdown)]),
    ets:insert(?T, [{{name, Pid}, Name}, {{pid, Id}, Pid}]),
    receive {up, Pid} -> ok end,
    log(["+", Name]),
    {ok, Pid}.

%% Children with a shutdown of 1 ms are stubborn: a race against so short a time shows nothing.
stubborn("1") -> true;
stubborn(_) -> false.

run_child(Sup, Name, Stubborn) ->
    process_flag(trap_exit, true),
    Sup ! {up, self()},
    child_loop(Sup, Name, Stubborn).

child_loop(Sup, Name, Stubborn) ->
    receive
        {die, Reason} -> gone(Name, Reason);
        {'EXIT', Sup, shutdown} when Stubborn -> child_loop(Sup, Name, Stubborn);
        {'EXIT', Sup, Reason} -> gone(Name, Reason)
    end.

gone(Name, Reason) ->
    log(["-", Name, ":", reason(Reason)]),
    exit(Reason).

kill(Pid, "kill") ->
    log(["-", name(Pid), ":killed"]),
    exit(Pid, kill);
kill(Pid, "info") -> Pid ! {die, {shutdown, planned}};
kill(Pid, Reason) -> Pid ! {die, list_to_atom(Reason)}.
