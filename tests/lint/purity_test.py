"""The pure layers are pure, and the lint that says so sees what it should."""

import purity
import pytest
import sources


def test_the_pure_layers_are_pure():
    found = purity.findings()
    assert not found, sources.listed(found)


PLANTED = {
    "auto now = std::chrono::system_clock::now();": "Instant now",
    "#include <chrono>": "Instant now",
    '#include "absl/time/clock.h"': "Instant now",
    "absl::Time at;": "Instant now",
    "auto t = time(nullptr);": "Instant now",
    "std::mutex mutex_;": "libs/runtime",
    "std::atomic<int> n = 0;": "libs/runtime",
    "std::shared_mutex m;": "libs/runtime",
    "#include <thread>": "libs/runtime",
    "thread_local int depth = 0;": "libs/runtime",
    "std::random_device device;": "hash an id",
    "int n = rand();": "hash an id",
    "std::mt19937 generator(seed);": "hash an id",
    "size_t h = absl::HashOf(id);": "hash an id",
    "std::cout << 1;": "return an effect",
    'spdlog::info("x");': "return an effect",
    'printf("x");': "return an effect",
    'auto* v = std::getenv("X");': "as an argument",
    "#include <grpcpp/server.h>": "libs/wire",
    '#include "meridian/type/v1/contact.pb.h"': "libs/wire",
    "std::map<const Agent*, int> by_agent;": "the id as the key",
    "std::unordered_map<std::string, int> m;": "std::map",
    "absl::flat_hash_set<int> s;": "std::map",
    "double score = 1;": "thousandths",
    "auto score = 3 * 0.5;": "thousandths",
}


@pytest.mark.parametrize("line", PLANTED)
def test_planted_impurity_is_found_and_the_replacement_named(line):
    found = purity.findings_in("libs/routing/engine.cc", f"int a = 1;\n{line}\nint b = 2;\n")
    assert [f.line for f in found] == [2] * len(found) and found
    assert PLANTED[line] in found[0].message


CLEAN = (
    "// std::mutex, std::chrono and double are refused here\n",
    "/* rand() */ int a = 1;\n",
    'auto text = "std::mutex 0.5";\n',
    "constexpr int64_t kLimit = 1'000'000;\nchar c = 'x';\n",
    "Duration runtime(int x);\nint operand(int);\nint timeout(int);\n",
    "std::unordered_map<std::string, int> index_;  // looked up, never walked\nauto it = index_.find(key);\n",
)


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_passes(text):
    assert purity.findings_in("libs/routing/engine.cc", text) == []


@pytest.mark.parametrize("walk", ("for (const auto& [k, v] : index_) {", "auto it = index_.begin();",
                                  "for (auto& entry : state->index_) {"))
def test_a_lookup_container_may_not_be_walked(walk):
    text = f"std::unordered_map<std::string, int> index_;  // looked up, never walked\n{walk}\n"
    assert [f.line for f in purity.findings_in("libs/routing/engine.h", text)] == [2]


def test_a_generator_beside_the_library_may_print():
    assert purity.findings_in("libs/domain/states_page_main.cc", "#include <cstdio>\n") == []


def test_other_layers_may_have_clocks_and_simulation_a_generator():
    assert purity.findings_in("libs/runtime/clock.cc", "std::mutex m;\n") == []
    assert purity.findings_in("libs/simulation/world.h", "std::mt19937_64 generator_;\ndouble rate;\n") == []
    assert purity.findings_in("libs/domain/rate.h", "double percent;\n") == []
