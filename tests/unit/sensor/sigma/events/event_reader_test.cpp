#include "sensor/sigma/events/event_reader.hpp"

#include "core/base/errc.hpp"
#include "sensor/sigma/events/event_values.hpp"
#include "tests/unit/sensor/sigma/events/mapped.hpp"

namespace firebreak::sigma {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kSysmonStart = R"({"Event": {"#attributes": {"xmlns": "x"}, "System": {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon", "Guid": "g"}},
    "EventID": 1, "Level": 4, "Keywords": "0x8000000000000000",
    "Execution": {"#attributes": {"ProcessID": 3308, "ThreadID": 4}},
    "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "host"},
    "EventData": {"ProcessId": 7112, "Image": "C:\\Windows\\System32\\reg.exe", "User": null,
    "Hashes": "SHA1=E6,MD5=EB,IMPHASH=E2", "TerminalSessionId": "2", "Company": "-"}}})";

TEST(MapEvent, TakesWindowsEventsAsConvertersOfEvtxWriteThem) {
    const std::vector<MappedEvent> events = mapped(kSysmonStart);

    EXPECT_EQ(contracts_of(events),
              (Names{"process_creation_windows", "windows", "windows_sysmon"}));
    const std::string_view contract = "process_creation_windows";
    EXPECT_EQ(field(events, contract, "EventID"), "#1");
    EXPECT_EQ(field(events, contract, "Provider_Name"), "Microsoft-Windows-Sysmon");
    EXPECT_EQ(field(events, contract, "Image"), "C:\\Windows\\System32\\reg.exe");
    EXPECT_EQ(field(events, contract, "ProcessId"), "#7112");
    EXPECT_EQ(field(events, contract, "Execution_ProcessID"), "#3308");
    EXPECT_EQ(field(events, contract, "TerminalSessionId"), "#2");
    EXPECT_EQ(field(events, contract, "Keywords"), "0x8000000000000000");
    EXPECT_EQ(field(events, contract, "User"), "absent");
    EXPECT_EQ(field(events, contract, "ParentImage"), "absent");
    EXPECT_EQ(field(events, contract, "Company"), "-");
    EXPECT_EQ(field(events, contract, "imphash"), "E2");
    EXPECT_EQ(field(events, contract, "md5"), "EB");
}

TEST(MapEvent, GivesAsManyFieldsAsAreSupplied) {
    for (const MappedEvent& event : mapped(kSysmonStart)) {
        EXPECT_EQ(event.fields.size(), event.contract->fields.size());
    }
}

TEST(MapEvent, TakesOtherSpellingsOfTheSameWindowsEvent) {
    for (const std::string_view text : {
             R"({"Event": {"System": {"Provider": {"@Name": "Microsoft-Windows-Sysmon"},
                 "EventID": {"#text": "22", "@Qualifiers": ""}, "Channel": "c"},
                 "EventData": {"Data": [{"@Name": "QueryName", "#text": "a.example"},
                                        {"@Name": "Image", "#text": "b.exe"}]}}})",
             R"({"System": {"Provider": {"Name": "Microsoft-Windows-Sysmon"}, "EventID": 22,
                 "Channel": "c"}, "EventData": [{"Name": "QueryName", "#text": "a.example"},
                 {"Name": "Image", "#text": "b.exe"}]})",
             R"({"Event": {"System": {"Provider": {"#attributes": {"Name":
                 "Microsoft-Windows-Sysmon"}}, "EventID": 22, "Channel": "c"}, "EventData":
                 {"Data": [{"#attributes": {"Name": "QueryName"}, "#text": "a.example"},
                 {"#attributes": {"Name": "Image"}, "#text": "b.exe"}]}}})",
             R"({"winlog": {"channel": "c", "provider_name": "Microsoft-Windows-Sysmon",
                 "event_id": "22", "event_data": {"QueryName": "a.example", "Image": "b.exe"}}})",
             R"({"EventID": 22, "SourceName": "Microsoft-Windows-Sysmon", "Channel": "c",
                 "QueryName": "a.example", "Image": "b.exe"})",
             R"({"EventID": 22, "Channel": "Microsoft-Windows-Sysmon/Operational",
                 "EventData": {"QueryName": "a.example", "Image": "b.exe"}})",
             R"({"_index": "i", "_source": {"winlog": {"channel": "c", "event_id": 22,
                 "provider_name": "Microsoft-Windows-Sysmon",
                 "event_data": {"QueryName": "a.example", "Image": "b.exe"}}}})",
         }) {
        const std::vector<MappedEvent> events = mapped(text);
        EXPECT_EQ(field(events, "dns_query_windows", "QueryName"), "a.example") << text;
        EXPECT_EQ(field(events, "dns_query_windows", "Image"), "b.exe") << text;
        EXPECT_EQ(field(events, "dns_query_windows", "EventID"), "#22") << text;
    }
}

std::string sysmon(int id, const std::string& data) {
    return R"({"Event": {"System": {"Provider": {"Name": "Microsoft-Windows-Sysmon"},
           "EventID": )" +
           std::to_string(id) + R"(, "Channel": "Microsoft-Windows-Sysmon/Operational"},
           "EventData": )" +
           data + "}}";
}

TEST(MapEvent, TellsRegistryEventsApartByTheirType) {
    EXPECT_EQ(
        contracts_of(mapped(sysmon(12, R"({"EventType": "CreateKey"})"))),
        (Names{"registry_add_windows", "registry_event_windows", "windows", "windows_sysmon"}));
    EXPECT_EQ(
        contracts_of(mapped(sysmon(12, R"({"EventType": "DeleteValue"})"))),
        (Names{"registry_delete_windows", "registry_event_windows", "windows", "windows_sysmon"}));
    EXPECT_EQ(
        contracts_of(mapped(sysmon(13, R"({"EventType": "SetValue"})"))),
        (Names{"registry_event_windows", "registry_set_windows", "windows", "windows_sysmon"}));
}

TEST(MapEvent, MakesAProcessCreationOfSecurity4688) {
    const std::vector<MappedEvent> events = mapped(
        R"({"Event": {"System": {"EventID": 4688, "Channel": "Security"}, "EventData": {
            "NewProcessName": "C:\\a.exe", "NewProcessId": "0x1a2c", "ProcessId": "0x10",
            "ParentProcessName": "C:\\b.exe", "SubjectUserName": "me",
            "CommandLine": "a /x", "MandatoryLabel": "S-1-16-12288"}}})");

    const std::string_view contract = "process_creation_windows";
    EXPECT_EQ(field(events, contract, "Image"), "C:\\a.exe");
    EXPECT_EQ(field(events, contract, "ProcessId"), "#6700");
    EXPECT_EQ(field(events, contract, "ParentProcessId"), "#16");
    EXPECT_EQ(field(events, contract, "ParentImage"), "C:\\b.exe");
    EXPECT_EQ(field(events, contract, "IntegrityLevel"), "High");
    EXPECT_EQ(field(events, contract, "CommandLine"), "a /x");
    EXPECT_EQ(field(events, "windows_security", "ProcessId"), "#16");
}

TEST(MapEvent, MakesRegistryAndNetworkEventsOfTheSecurityChannel) {
    const std::vector<MappedEvent> set = mapped(
        R"({"Event": {"System": {"EventID": 4657, "Channel": "Security"}, "EventData": {
            "ObjectName": "\\REGISTRY\\MACHINE\\SOFTWARE\\X", "ObjectValueName": "Y",
            "NewValue": "z", "OperationType": "%%1904"}}})");
    EXPECT_EQ(field(set, "registry_set_windows", "TargetObject"), "HKLM\\SOFTWARE\\X\\Y");
    EXPECT_EQ(field(set, "registry_set_windows", "Details"), "z");
    EXPECT_EQ(field(set, "registry_set_windows", "EventType"), "SetValue");

    const std::vector<MappedEvent> connected = mapped(
        R"({"Event": {"System": {"EventID": 5156, "Channel": "Security"}, "EventData": {
            "Application": "\\device\\a.exe", "Direction": "%%14593", "Protocol": 6,
            "DestAddress": "192.0.2.1", "DestPort": "443"}}})");
    EXPECT_EQ(field(connected, "network_connection_windows", "Initiated"), "true");
    EXPECT_EQ(field(connected, "network_connection_windows", "Protocol"), "tcp");
    EXPECT_EQ(field(connected, "network_connection_windows", "DestinationPort"), "#443");
}

TEST(MapEvent, ReadsListsOfUnnamedDataAndUserData) {
    const std::vector<MappedEvent> classic = mapped(
        R"({"Event": {"System": {"EventID": 400, "Channel": "Windows PowerShell"}, "EventData": {
            "Data": ["Available", "None", "\tNewEngineState=Available\r\n\tHostApplication=a -c b"]
            }}})");
    EXPECT_EQ(field(classic, "ps_classic_start_windows", "HostApplication"), "a -c b");
    EXPECT_NE(field(classic, "ps_classic_start_windows", "Data").find("None"), std::string::npos);

    const std::vector<MappedEvent> user_data = mapped(
        R"({"Event": {"System": {"EventID": 5858,
            "Channel": "Microsoft-Windows-WMI-Activity/Operational"}, "UserData": {
            "Operation_ClientFailure": {"#attributes": {"xmlns": "x"}, "User": "me",
            "Operation": "Start"}}}})");
    EXPECT_EQ(field(user_data, "windows_wmi", "Operation"), "Start");
    EXPECT_EQ(field(user_data, "windows_wmi", "Data"), "me\nStart");
}

TEST(MapEvent, KeepsSystemApartFromDataOfTheSameName) {
    const std::vector<MappedEvent> cleared = mapped(
        R"({"Event": {"System": {"EventID": 104, "Channel": "System"}, "UserData": {
            "LogFileCleared": {"Channel": "Application", "BackupPath": ""}}}})");
    EXPECT_EQ(field(cleared, "windows_system", "Channel"), "Application");
    EXPECT_EQ(field(cleared, "windows", "Channel"), "System");
}

TEST(MapEvent, TakesNamesWithSpacesForTheSameWithUnderscores) {
    const std::vector<MappedEvent> events = mapped(
        R"({"Event": {"System": {"EventID": 1116, "Channel":
            "Microsoft-Windows-Windows Defender/Operational"}, "EventData": {
            "Threat Name": "Evil", "Path": "C:\\e", "Process Name": "p"}}})");

    EXPECT_EQ(field(events, "windows_windefend", "Threat_Name"), "Evil");
    EXPECT_EQ(field(events, "windows_windefend", "ProcessName"), "p");
    EXPECT_EQ(field(events, "antivirus", "Signature"), "Evil");
}

TEST(MapEvent, KnowsCloudAndNetworkSourcesByTheirMembers) {
    const std::vector<MappedEvent> trail = mapped(
        R"({"eventVersion": "1", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
            "awsRegion": "r", "userIdentity": {"type": "Root", "arn": "a"},
            "requestParameters": {"userName": "u"}, "additionalEventData": {"MFAUsed": false}})");
    EXPECT_EQ(contracts_of(trail), Names{"aws_cloudtrail"});
    EXPECT_EQ(field(trail[0], "userIdentity.type"), "Root");
    EXPECT_EQ(field(trail[0], "requestParameters"), R"({"userName":"u"})");
    EXPECT_EQ(field(trail[0], "additionalEventData.MFAUsed"), "false");

    const std::vector<MappedEvent> audit = mapped(
        R"({"category": "AuditLogs", "operationName": "Add app", "properties": {
            "activityDisplayName": "Add app", "targetResources": [{"type": "App"},
            {"type": "User"}]}})");
    EXPECT_EQ(field(audit, "azure_auditlogs", "properties.message"), "Add app");
    EXPECT_EQ(field(audit, "azure_auditlogs", "targetResources.type"), "App, User");

    const std::vector<MappedEvent> zeek =
        mapped(R"({"_path": "dns", "id.orig_h": "192.0.2.1", "query": "q", "Z": 0})");
    EXPECT_EQ(contracts_of(zeek), Names{"zeek_dns"});
    EXPECT_EQ(field(zeek[0], "id.orig_h"), "192.0.2.1");
}

TEST(MapEvent, GivesKeywordsEveryValueOfALogLine) {
    const std::vector<MappedEvent> sshd =
        mapped(R"({"program": "sshd", "host": "h", "message": "Accepted publickey"})");
    EXPECT_EQ(contracts_of(sshd), (Names{"linux", "linux_auth", "linux_sshd", "linux_syslog"}));
    EXPECT_EQ(field(sshd, "linux", "Message"), "Accepted publickey");

    const std::vector<MappedEvent> audit =
        mapped(R"({"type": "EXECVE", "argc": 2, "a0": "cat", "a1": "/etc/shadow"})");
    EXPECT_EQ(field(audit, "linux_auditd", "a1"), "/etc/shadow");
    EXPECT_EQ(field(audit, "linux_auditd", "Message"), "EXECVE\n2\ncat\n/etc/shadow");
}

TEST(MapEvent, TakesTheNameOfASystemCallOverItsNumber) {
    const std::vector<MappedEvent> audit =
        mapped(R"({"type": "SYSCALL", "syscall": 59, "SYSCALL": "execve", "euid": 0})");
    EXPECT_EQ(field(audit, "linux_auditd", "SYSCALL"), "execve");
    EXPECT_EQ(field(audit, "linux_auditd", "euid"), "#0");
}

TEST(MapEvent, TakesAnEventThatNamesItsContract) {
    const std::vector<MappedEvent> events = mapped(
        R"({"contract": "process_creation_linux",
            "fields": {"Image": "/bin/sh", "ProcessId": 4}})");

    ASSERT_EQ(contracts_of(events), Names{"process_creation_linux"});
    EXPECT_EQ(field(events[0], "Image"), "/bin/sh");
    EXPECT_EQ(field(events[0], "ProcessId"), "#4");
}

TEST(MapEvent, RefusesAContractOrAFieldThatIsNotThere) {
    for (const std::string_view text : {R"({"contract": "nothing", "fields": {}})",
                                        R"({"contract": "linux", "fields": {"Imagee": "x"}})"}) {
        const Result<std::vector<MappedEvent>> refused = map_event(*parse_json(text));
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error(), make_error_code(Errc::kInvalid));
    }
}

TEST(MapEvent, RefusesWhatIsNoObject) {
    for (const std::string_view text : {"[]", "1", "\"x\"", "null"}) {
        EXPECT_FALSE(map_event(*parse_json(text))) << text;
    }
}

TEST(MapEvent, FindsNothingInAnEventOfNoContract) {
    EXPECT_TRUE(mapped("{}").empty());
    EXPECT_TRUE(mapped(R"({"hello": "world"})").empty());
}

TEST(MapEvent, RefusesAnEventThatIsTooDeepOrTooLarge) {
    json::value deep = json::object();
    for (int i = 0; i < 40; ++i) deep = json::object{{"a", deep}};
    json::object wide;
    for (int i = 0; i < 9000; ++i) wide["m" + std::to_string(i)] = i;
    json::value long_text = json::object{{"program", std::string(17U << 20U, 'a')}};

    for (const json::value& event : {deep, json::value(wide), long_text}) {
        const Result<std::vector<MappedEvent>> refused = map_event(event);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error(), make_error_code(Errc::kTooLarge));
    }
}

TEST(MapEvent, LeavesWhatIsNoIntegerAsText) {
    const std::vector<MappedEvent> events =
        mapped(sysmon(3, R"({"DestinationPort": "-", "SourcePort": "0x50", "ProcessId": "12a"})"));

    const std::string_view contract = "network_connection_windows";
    EXPECT_EQ(field(events, contract, "DestinationPort"), "-");
    EXPECT_EQ(field(events, contract, "SourcePort"), "#80");
    EXPECT_EQ(field(events, contract, "ProcessId"), "12a");
}

}  // namespace
}  // namespace firebreak::sigma
