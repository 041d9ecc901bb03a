//! The command from outside: files of command and expected output.

#[test]
fn commands_without_a_network() {
    trycmd::TestCases::new()
        .env("TRUCELOG_STATE", "state")
        .case("tests/cmd/*.trycmd");
}
