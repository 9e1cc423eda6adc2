using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Tests.Guards;

/// <summary>Prints what an assembly shows to others, a line a type and member, sorted, close to C#.</summary>
/// <remarks>Names and defaults of parameters count, since callers write them. What the compiler adds to records does not.</remarks>
internal static class PublicApiPrinter
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    public static IEnumerable<string> Print(Assembly assembly)
    {
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            yield return PrintType(type);
            foreach (string member in type.GetMembers(Declared).Select(PrintMember).OfType<string>().Order(StringComparer.Ordinal))
            {
                yield return "    " + member;
            }
        }
    }

    private static string PrintType(Type type)
    {
        if (type.IsEnum) return $"enum {type.FullName} : {PublicApiNames.Of(Enum.GetUnderlyingType(type))}";
        List<string> bases = [.. type.GetInterfaces().Select(PublicApiNames.Of).Order(StringComparer.Ordinal)];
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases.Insert(0, PublicApiNames.Of(parent));
        }

        string after = bases.Count > 0 ? " : " + string.Join(", ", bases) : "";
        string constraints = PublicApiNames.Constraints(type.GetGenericArguments());
        return $"{Kind(type)} {type.Namespace}.{PublicApiNames.Of(type)}{after}{constraints}";
    }

    private static string Kind(Type type)
    {
        if (type.IsInterface) return "interface";
        if (typeof(Delegate).IsAssignableFrom(type)) return "delegate";
        string record = type.GetMethod("PrintMembers", Declared) is not null ? "record " : "";
        if (type.IsValueType)
        {
            string constant = IsMarked(type, nameof(IsReadOnlyAttribute)) ? "readonly " : "";
            return $"{constant}{(type.IsByRefLike ? "ref " : "")}{record}struct";
        }

        string inheritance = (type.IsAbstract, type.IsSealed) switch
        {
            (true, true) => "static ",
            (true, false) => "abstract ",
            (false, true) => "sealed ",
            _ => "",
        };
        return $"{inheritance}{record}class";
    }

    private static string? PrintMember(MemberInfo member)
    {
        if (member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)) return null;
        return member switch
        {
            FieldInfo field when IsSeen(field) => PrintField(field),
            ConstructorInfo constructor when IsSeen(constructor) => $"{Modifiers(constructor)}new({Parameters(constructor)})",
            PropertyInfo property => PrintProperty(property),
            EventInfo { AddMethod: { } add } raised when IsSeen(add) => $"event {PublicApiNames.Of(raised.EventHandlerType!)} {raised.Name}",
            MethodInfo method when IsSeen(method) => PrintMethod(method),
            _ => null,
        };
    }

    private static string? PrintMethod(MethodInfo method)
    {
        // Accessors are printed with their properties.
        if (method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal)) return null;
        string type = TypeOf(Nullability.Create(method.ReturnParameter), method.ReturnType);
        Type[] arguments = method.GetGenericArguments();
        return $"{Modifiers(method)}{type} {method.Name}{PublicApiNames.Arguments(arguments)}({Parameters(method)})"
            + PublicApiNames.Constraints(arguments);
    }

    private static string? PrintField(FieldInfo field)
    {
        if (field.DeclaringType!.IsEnum)
        {
            // The other field of an enumeration is where its value lies.
            return field.IsLiteral ? $"{field.Name} = {Literal(field.GetRawConstantValue())}" : null;
        }

        string type = TypeOf(Nullability.Create(field), field.FieldType);
        if (field.IsLiteral) return $"const {type} {field.Name} = {Literal(field.GetRawConstantValue())}";
        return $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{type} {field.Name}";
    }

    private static string? PrintProperty(PropertyInfo property)
    {
        MethodInfo? getter = property.GetMethod is { } get && IsSeen(get) ? get : null;
        MethodInfo? setter = property.SetMethod is { } set && IsSeen(set) ? set : null;
        if ((getter ?? setter) is not { } accessor) return null;
        bool isInit = setter?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
        string required = IsMarked(property, "RequiredMemberAttribute") ? "required " : "";
        string index = property.GetIndexParameters().Length > 0 ? $"[{Parameters(accessor, accessor == setter ? 1 : 0)}]" : "";
        string type = TypeOf(Nullability.Create(property), property.PropertyType);
        string accessors = (getter is null ? "" : "get; ") + (setter is null ? "" : isInit ? "init; " : "set; ");
        return $"{Modifiers(accessor)}{required}{type} {property.Name}{index} {{ {accessors}}}";
    }

    private static string Modifiers(MethodBase method)
    {
        string access = method.IsPublic ? "" : "protected ";
        if (method.IsStatic) return access + (method.IsAbstract ? "static abstract " : "static ");
        if (method.DeclaringType!.IsInterface || !method.IsVirtual || method.IsFinal) return access;
        bool isOverride = method is MethodInfo info && info.GetBaseDefinition() != info;
        return access + (method.IsAbstract ? "abstract " : isOverride ? "override " : "virtual ");
    }

    private static string Parameters(MethodBase method, int leaveOut = 0) =>
        string.Join(", ", method.GetParameters().SkipLast(leaveOut).Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string passing = !parameter.ParameterType.IsByRef ? ""
            : parameter.IsOut ? "out "
            : IsMarked(parameter, nameof(RequiresLocationAttribute)) ? "ref readonly "
            : parameter.IsIn || IsMarked(parameter, nameof(IsReadOnlyAttribute)) ? "in "
            : "ref ";
        bool isParams = IsMarked(parameter, nameof(ParamArrayAttribute)) || IsMarked(parameter, nameof(ParamCollectionAttribute));
        Type passed = parameter.ParameterType;
        string type = TypeOf(Nullability.Create(parameter), passed.IsByRef ? passed.GetElementType()! : passed);
        string standard = parameter.HasDefaultValue ? " = " + Literal(parameter.RawDefaultValue) : "";
        return $"{(isParams ? "params " : "")}{passing}{type} {parameter.Name}{standard}";
    }

    private static string TypeOf(NullabilityInfo nullability, Type type)
    {
        bool isNullableReference = !type.IsValueType && !type.IsGenericParameter && !type.IsByRef
            && (nullability.ReadState == NullabilityState.Nullable || nullability.WriteState == NullabilityState.Nullable);
        return PublicApiNames.Of(type) + (isNullableReference ? "?" : "");
    }

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsSeen(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    // By name: other libraries bring attributes of the same name for older frameworks.
    private static bool IsMarked(MemberInfo member, string attribute) =>
        member.CustomAttributes.Any(data => data.AttributeType.Name == attribute);

    private static bool IsMarked(ParameterInfo parameter, string attribute) =>
        parameter.CustomAttributes.Any(data => data.AttributeType.Name == attribute);
}
