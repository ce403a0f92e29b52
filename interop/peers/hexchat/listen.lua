-- Lets a test type into HexChat: each line of the file that HEXCHAT_INPUT names is put into the input field of the
-- window of the correspondent, or done as a command. The test presses Enter itself, so that what is said goes the way
-- that a person's words go.
hexchat.register('listen', '1', 'types for a test')

local path = os.getenv('HEXCHAT_INPUT')
local done = 0

hexchat.hook_timer(100, function()
    local file = io.open(path, 'r')
    if not file then return true end
    local at = 0
    for line in file:lines() do
        at = at + 1
        if at > done then
            done = at
            local kind, rest = line:match('^(%a+) (.*)$')
            if kind == 'command' then
                hexchat.command(rest)
            elseif kind == 'text' then
                local context = hexchat.find_context(nil, os.getenv('HEXCHAT_QUERY'))
                if context then
                    context:command('gui focus')
                    context:command('settext ' .. rest)
                end
            end
        end
    end
    file:close()
    return true
end)
